import { describe, expect, it, vi } from 'vitest';
import { changed, servicesWith, stores } from './services-with-store.js';

const DAY_MS = 86_400_000;

describe.each(stores)('the retention of the %s store', (_name, newStore) => {
  it('removes messages of each state after its time, and keeps those that wait', async () => {
    const { make, clock } = servicesWith(newStore());
    const recording = { retention: { SENT: '1d', CANCELLED: false } } as const;
    const { push: web } = make({ worker: false, recording });
    const sent = await web.send({ event: 'e', channels: 'a', data: 1 });
    const waiting = await web.send({ event: 'e', channels: 'a', data: 1, delay: '90d' });
    const cancelled = await web.send({ event: 'e', channels: 'a', data: 1, delay: '1d', key: 'k' });
    expect(await web.cancel('k')).toBe(1);
    clock.set(clock.now() + DAY_MS - 1);
    const { push } = make({ recording });
    await push.work();
    await clock.advance(0);
    expect(await push.messages.get(sent.id)).toMatchObject({ state: 'SENT' });
    await clock.advance(61_000);
    expect(await push.messages.get(sent.id)).toBeUndefined();
    clock.set(clock.now() + 80 * DAY_MS);
    await clock.advance(61_000);
    expect(await push.messages.get(waiting.id)).toMatchObject({ state: 'WAITING' });
    expect(await push.messages.get(cancelled.id)).toMatchObject({ state: 'CANCELLED' });
  });

  it('keeps what was sent for 30 days and what failed for 90, unless the settings say otherwise', async () => {
    const store = newStore();
    const { purge } = store;
    const asked = vi.fn(purge);
    const { make, clock } = servicesWith(changed(store, { purge: asked }));
    const { push } = make();
    await push.work();
    await clock.advance(0);
    const month = 30 * DAY_MS;
    expect(asked).toHaveBeenCalledExactlyOnceWith({
      service: 'default',
      ages: { SENT: month, DEBUG: month, SKIPPED: month, CANCELLED: month, ERROR: 3 * month },
      limit: 1_000,
      now: clock.now(),
    });
    await clock.advance(59_000);
    expect(asked).toHaveBeenCalledOnce();
    await clock.advance(2_000);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('goes on in portions as long as there is more, and lets messages be sent between them', async () => {
    const store = newStore();
    const { purge } = store;
    const { make, clock } = servicesWith(changed(store, { purge: (request) => purge({ ...request, limit: 1_000 }) }));
    const { push: web } = make({ worker: false, recording: { retention: { CANCELLED: '1h' } } });
    await web.sendMany(
      Array.from({ length: 2_500 }, () => ({ event: 'e', channels: 'a', data: 1, delay: '1d', key: 'k' })),
    );
    expect(await web.cancel('k')).toBe(2_500);
    clock.set(clock.now() + 3_600_001);
    await web.send({ event: 'e', channels: 'new', data: 1, wait: false });
    const { push, backend } = make({ recording: { retention: { CANCELLED: '1h' } } });
    await push.work();
    await vi.waitFor(() => expect(backend.sent).toEqual([['new']]));
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      expect(await push.messages.count({ state: 'CANCELLED' })).toBe(0);
    });
    expect(store.calls.filter((call) => call === 'purge').length).toBeLessThan(30);
  });
});
