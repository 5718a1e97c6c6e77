import { describe, expect, it, vi } from 'vitest';
import { DeliveryError, RateLimitError } from '../../src/index.js';
import { servicesWith, stores } from './services-with-store.js';

const away = (): never => {
  throw new DeliveryError('The provider does not answer.', { retryable: true, outcome: 'rejected' });
};

const messages = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ event: 'e', channels: `c${n}`, data: n, wait: false }));

describe.each(stores)('a provider that is away, with the %s store', (_name, newStore) => {
  it('makes messages wait with their attempts unspent; one at a time tries it, and then all are sent', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push, backend, logger } = make({ worker: { concurrency: 10 } });
    const worker = await push.work();
    backend.answer = away;
    await push.sendMany(messages(30));
    await vi.waitFor(() => expect(worker.state).toBe('provider away'));
    await clock.advance(0);
    // Those that were under way when it turned out.
    const before = backend.requests.length;
    expect(before).toBe(10);
    await clock.advance(60_000);
    const tries = backend.requests.length - before;
    expect(tries).toBeGreaterThanOrEqual(8);
    expect(tries).toBeLessThanOrEqual(12);
    expect(backend.mostPending).toBeLessThanOrEqual(10);
    const waiting = await push.messages.find({ state: ['WAITING', 'ERROR_RETRY'] });
    expect(waiting.messages).toHaveLength(30);
    // Those by which it turned out have spent an attempt. The fifth failure in a row was one too many.
    expect(waiting.messages.filter(({ attempts }) => attempts > 0)).toHaveLength(4);

    backend.answer = () => undefined;
    await clock.advance(12_000);
    await vi.waitFor(async () => {
      await clock.advance(10_000);
      expect(await push.messages.count({ state: 'SENT' })).toBe(30);
    });
    expect(worker.state).toBe('working');
    const { messages: sent } = await push.messages.find({ state: 'SENT' });
    expect(sent.filter(({ attempts }) => attempts !== 1).length).toBeLessThanOrEqual(4);
    expect(logger.entries.filter(({ level }) => level !== 'debug').map(({ text }) => text)).toEqual([
      'the provider of the recording backend is away: recorded messages wait until it answers',
      'the provider of the recording backend answers again',
    ]);
  });

  it('gets nothing of what is sent meanwhile, which waits for it', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push, backend } = make();
    const worker = await push.work();
    backend.answer = away;
    await push.sendMany(messages(5));
    await vi.waitFor(() => expect(worker.state).toBe('provider away'));
    await clock.advance(0);
    const before = backend.requests.length;
    const { status, id } = await push.send({ event: 'e', channels: 'late', data: 1 });
    expect(status).toBe('waiting');
    expect(backend.requests).toHaveLength(before);
    backend.answer = () => undefined;
    await vi.waitFor(async () => {
      await clock.advance(6_000);
      expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 });
    });
  });

  it('does not make messages go round whose users cannot be looked up meanwhile', async () => {
    const { make, clock } = servicesWith(newStore());
    const channelsFor = vi.fn(async (users: readonly unknown[]) => users.map(() => ['a']));
    const sessions = { channelsFor, add: async () => 'a', remove: async () => {} } as never;
    const { push, backend } = make({ sessions, recording: { retryDelays: ['1m'] } });
    const worker = await push.work();
    backend.answer = away;
    await push.sendMany(Array.from({ length: 6 }, (_, n) => ({ event: 'e', users: `u${n}`, data: 1, wait: false })));
    await vi.waitFor(() => expect(worker.state).toBe('provider away'));
    await clock.advance(0);
    channelsFor.mockClear();
    channelsFor.mockRejectedValue(
      new DeliveryError('The sessions are away.', { retryable: true, outcome: 'rejected' }),
    );
    await clock.advance(20_000);
    for (let turn = 0; turn < 50; turn++) await clock.advance(0);
    expect(channelsFor.mock.calls.length).toBeGreaterThan(0);
    expect(channelsFor.mock.calls.length).toBeLessThanOrEqual(6);
  });

  it('may ask for a wait that is no whole number of milliseconds', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push, backend } = make({ recording: { retryDelays: ['1s'] } });
    backend.answer = (_, index) => {
      if (index === 0) throw new RateLimitError('Too many.', { retryAfter: 60_000.25 });
    };
    const { id, status } = await push.send({ event: 'e', channels: 'a', data: 1 });
    expect(status).toBe('waiting');
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR_RETRY',
      sendAfter: new Date(clock.now() + 60_001),
    });
  });

  it('that refuses messages is not away: the attempts are spent', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push, backend } = make();
    const worker = await push.work();
    backend.answer = () => {
      throw new DeliveryError('The provider refuses it.', { retryable: false, outcome: 'rejected' });
    };
    await push.sendMany(messages(20));
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      expect(await push.messages.count({ state: 'ERROR' })).toBe(20);
    });
    expect(worker.state).toBe('working');
    const { messages: failed } = await push.messages.find({ state: 'ERROR' });
    expect(failed.every(({ attempts }) => attempts === 1)).toBe(true);
  });
});

describe.each(stores)(
  'messages that always fail as if the provider were away, with the %s store',
  (_name, newStore) => {
    it('do not keep the others from being sent, however urgent and many they are', async () => {
      const { make, clock } = servicesWith(newStore());
      const { push, backend } = make({ worker: { concurrency: 10 } });
      await push.work();
      backend.answer = ({ channels }) => (channels[0]?.startsWith('bad') ? away() : undefined);
      await push.sendMany(
        Array.from({ length: 12 }, (_, n) => ({
          event: 'e',
          channels: `bad${n}`,
          priority: 'high' as const,
          wait: false,
        })),
      );
      const { id } = await push.send({ event: 'e', channels: 'good', wait: false });
      await vi.waitFor(
        async () => {
          await clock.advance(60_000);
          expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
        },
        { timeout: 15_000, interval: 1 },
      );
    });
  },
);
