import { afterEach, describe, expect, it, vi } from 'vitest';
import { TimeoutError } from '../../src/index.js';
import type { MessageStore } from '../../src/messages/store.js';
import { storeInTime } from '../../src/recording/store-in-time.js';
import { recordedService } from './recorded-service.js';
import { changed, stores } from './services-with-store.js';

const [[, newStore]] = stores as [(typeof stores)[number]];

const hangs = (): Promise<never> => new Promise(() => {});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets the time pass that a store has for a call. */
async function passTime(): Promise<void> {
  await vi.advanceTimersByTimeAsync(70_000);
}

describe('a store that does not answer', () => {
  it('fails each call in time, and works again when it answers', async () => {
    const store = newStore();
    let isAway = true;
    const count: MessageStore['count'] = (query) => (isAway ? hangs() : store.count(query));
    const inTime = storeInTime(changed(store, { count }), 5);
    await inTime.open();
    const failure = await inTime.count({ service: 'default' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TimeoutError);
    expect(failure).toMatchObject({
      message: 'The memory store did not answer within 5 ms: whether it did what it was asked for is unknown.',
      outcome: 'unknown',
      retryable: true,
    });
    isAway = false;
    expect(await inTime.count({ service: 'default' })).toBe(0);
  });

  it('lets send() fail, and the sends after it go on', async () => {
    const store = newStore();
    let calls = 0;
    const insert: MessageStore['insert'] = (...args) => (calls++ === 0 ? hangs() : store.insert(...args));
    await using recorded = recordedService({ messages: changed(store, { insert }) });
    const { push, backend } = recorded;
    await push.ready();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const first = push.send({ event: 'first', channels: 'a' }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(calls).toBe(1));
    const second = push.send({ event: 'second', channels: 'a' });
    await passTime();
    expect(await first).toBeInstanceOf(TimeoutError);
    expect(await second).toMatchObject({ status: 'accepted' });
    expect(backend.requests.map(({ message }) => message.event)).toEqual(['second']);
  });

  it('lets send() report what the provider said, and is written to when it answers', async () => {
    const store = newStore();
    let calls = 0;
    const settle: MessageStore['settle'] = (...args) => (calls++ === 0 ? hangs() : store.settle(...args));
    await using recorded = recordedService({ messages: changed(store, { settle }) });
    const { push, clock } = recorded;
    await push.ready();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const sending = push.send({ event: 'hello', channels: 'a' });
    await vi.waitFor(() => expect(calls).toBe(1));
    await passTime();
    const { id, status } = await sending;
    expect(status).toBe('accepted');
    await clock.advance(10_000);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
  });

  it('goes on to renew leases', async () => {
    const store = newStore();
    let calls = 0;
    const renew: MessageStore['renew'] = (...args) => (calls++ === 0 ? hangs() : store.renew(...args));
    await using recorded = recordedService({ messages: changed(store, { renew }) });
    const { push, backend, clock } = recorded;
    await push.ready();
    const answered = Promise.withResolvers<undefined>();
    backend.answer = () => answered.promise;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const sending = push.send({ event: 'hello', channels: 'a', timeout: 600_000 });
    await vi.waitFor(() => expect(backend.pending).toBe(1));
    await clock.advance(10_000);
    expect(calls).toBe(1);
    await passTime();
    await clock.advance(10_000);
    expect(calls).toBeGreaterThan(1);
    answered.resolve(undefined);
    await sending;
  });
});

it('send() follows its signal while the store opens', async () => {
  await using recorded = recordedService({
    messages: changed(newStore(), { open: hangs }),
    worker: false,
    closeTimeout: 10,
  });
  const abort = new AbortController();
  const sending = recorded.push.send({ event: 'hello', channels: 'a', signal: abort.signal });
  abort.abort();
  await expect(sending).rejects.toMatchObject({ code: 'ABORTED', outcome: 'rejected' });
});

it('closes the backend when the store cannot be closed', async () => {
  const close = async (): Promise<void> => {
    throw new Error('it is stuck');
  };
  const listen = async () => close;
  const { push, backend, logger } = recordedService({ messages: changed(newStore(), { close, listen }) });
  await push.ready();
  await push.close();
  expect(backend.calls).toEqual(['open', 'close']);
  expect(logger.entries).toContainEqual(expect.objectContaining({ text: 'the message store could not be closed' }));
});
