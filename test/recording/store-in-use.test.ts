import { describe, expect, it } from 'vitest';
import { useStore } from '../../src/recording/stores-in-use.js';
import { changed, servicesWith, stores } from './services-with-store.js';

const message = { event: 'e', channels: ['a'], data: 1 };

describe.each(stores)('a %s store', (_name, newStore) => {
  it('that the settings before had goes on with the new ones', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push } = make();
    const { id } = await push.send({ ...message, delay: '1h' });
    for (let reload = 0; reload < 3; reload++) {
      push.configure({ backend: 'console', messages: store, clock, worker: false });
      expect(await push.messages.get(id)).toMatchObject({ state: 'WAITING' });
    }
  });

  it('is opened again when its closing has ended, and not before', async () => {
    const calls: string[] = [];
    let closed = (): void => {};
    const store = changed(newStore(), {
      open: async () => void calls.push('open'),
      close: async () => {
        calls.push('close');
        await new Promise<void>((resolve) => (closed = resolve));
        calls.push('closed');
      },
    });
    const leave = await useStore(store);
    const leaving = leave();
    const using = useStore(store);
    await new Promise(setImmediate);
    expect(calls).toEqual(['open', 'close']);
    closed();
    await leaving;
    const leaveAgain = await using;
    expect(calls).toEqual(['open', 'close', 'closed', 'open']);
    const left = leaveAgain();
    closed();
    await left;
  });

  it('is closed by the last service that uses it', async () => {
    const store = newStore();
    const { make } = servicesWith(store);
    const [one, other] = [make(), make()];
    await Promise.all([one.push.messages.count(), other.push.messages.count()]);
    await one.push.close();
    expect(store.calls).not.toContain('close');
    expect(await other.push.messages.count()).toBe(0);
    await other.push.close();
    expect(store.calls).toContain('close');
  });
});
