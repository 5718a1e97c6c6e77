import { describe, expect, it, vi } from 'vitest';
import { changed, servicesWith, stores } from './services-with-store.js';

const message = { event: 'e', channels: ['a'], data: 1 };

const untilAborted = ({ signal }: { readonly signal: AbortSignal }): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe.each(stores)('the end of a worker on the %s store', (_name, newStore) => {
  it('lets what is under way end, and claims nothing more', async () => {
    const store = newStore();
    await store.open();
    const { make, clock } = servicesWith(store);
    const { push: web } = make({ worker: false });
    const { push, backend } = make();
    let answer = (): void => {};
    backend.answer = () => new Promise<void>((resolve) => (answer = resolve));
    const { id } = await web.send({ ...message, wait: false });
    push.wake();
    await push.work();
    await clock.advance(1_000);
    await vi.waitFor(() => expect(backend.pending).toBe(1));
    const closing = push.close();
    const later = await web.send({ ...message, channels: 'b', wait: false });
    await clock.advance(5_000);
    expect(backend.requests).toHaveLength(1);
    answer();
    await closing;
    expect(await web.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 });
    expect(await web.messages.get(later.id)).toMatchObject({ state: 'WAITING', attempts: 0 });
  });

  it('hands back what it has not begun when half of closeTimeout is over, with its attempts unspent', async () => {
    const { make } = servicesWith(newStore());
    const { push: web } = make({ worker: false });
    const messages = ['a', 'b', 'c', 'd'].map((channel) => ({ ...message, channels: channel, wait: false }));
    const ids = (await web.sendMany(messages)).map(({ id }) => id);
    // One request at a time, and none of them is answered.
    const { push, backend, logger } = make({ concurrency: 1, closeTimeout: 400 });
    backend.answer = untilAborted;
    await vi.waitFor(() => expect(backend.pending).toBe(1));
    await push.close();
    for (const id of ids) expect(await web.messages.get(id)).toMatchObject({ state: 'WAITING', attempts: 0 });
    expect(await web.messages.count({ state: 'WAITING' })).toBe(4);
    expect(logger.entries.filter(({ level }) => level === 'warn')).toMatchObject([
      { text: expect.stringMatching(/^close\(\) did not wait any longer for recorded messages/) },
    ]);

    const { backend: next } = make();
    await vi.waitFor(() => expect(next.sent.flat().sort()).toEqual(['a', 'b', 'c', 'd']));
    await vi.waitFor(async () => expect(await web.messages.count({ state: 'SENT' })).toBe(4));
  });

  it('hands back a message whose condition has not answered', async () => {
    const { make } = servicesWith(newStore());
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, when: 'slow', wait: false });
    const { push, backend } = make({ worker: false, closeTimeout: 400 });
    const asked = vi.fn(() => new Promise<boolean>(() => {}));
    push.condition('slow', asked);
    await push.work();
    await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce());
    await push.close();
    expect(await web.messages.get(id)).toMatchObject({ state: 'WAITING', attempts: 0 });
    expect(backend.sent).toEqual([]);
  });

  it('hands back what it gets from the store when it has been told to end', async () => {
    const store = newStore();
    const { claim } = store;
    let letGo = (): void => {};
    const isLet = new Promise<void>((resolve) => (letGo = resolve));
    let claims = 0;
    const { make, clock } = servicesWith(
      changed(store, {
        async claim(request) {
          claims++;
          await isLet;
          return claim(request);
        },
      }),
    );
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, wait: false });
    const { push, backend } = make();
    await vi.waitFor(() => expect(claims).toBe(1));
    const closing = push.close();
    await clock.advance(0);
    letGo();
    await closing;
    expect(backend.sent).toEqual([]);
    expect(await web.messages.get(id)).toMatchObject({ state: 'WAITING', attempts: 0 });
  });

  it('takes no longer than closeTimeout, whatever the backend does', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, wait: false });
    const { push, backend } = make({ closeTimeout: 200 });
    backend.answer = () => new Promise(() => {});
    await vi.waitFor(() => expect(backend.pending).toBe(1));
    await push.close();
    await clock.advance(30_001);
    // It was under way, so nobody knows whether it arrived: another worker sends it again.
    const { backend: next } = make();
    await vi.waitFor(() => expect(next.sent).toEqual([['a']]));
    await vi.waitFor(async () => expect(await web.messages.get(id)).toMatchObject({ state: 'SENT' }));
  });
});
