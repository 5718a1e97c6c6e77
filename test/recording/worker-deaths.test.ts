import { describe, expect, it, vi } from 'vitest';
import { DeliveryError, type MessageStore } from '../../src/index.js';
import type { TestClock } from '../support/test-clock.js';
import { changed, servicesWith, stores } from './services-with-store.js';

const message = { event: 'e', channels: ['a'], data: 1 };
const LEASE_MS = 30_000;

/** Claims what is due, as a worker does, and is heard of no more. */
async function dyingWorker(store: MessageStore, clock: TestClock, { begins = true } = {}): Promise<readonly string[]> {
  const lease = { token: `dead ${clock.now()}`, ms: LEASE_MS };
  const claimed = await store.claim({ service: 'default', lease, limit: 100, conditions: [], now: clock.now() });
  const suspects = claimed.filter(({ isBegun }) => !isBegun).map(({ id }) => id);
  if (begins) await store.begin(lease.token, suspects);
  return claimed.map(({ id }) => id);
}

/** Answers that come when they are let. */
function heldAnswers() {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    waiting,
    answer: () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject })),
  };
}

describe.each(stores)('a message whose worker died, on the %s store', (_name, newStore) => {
  it('is sent by another worker when the lease has run out, and not before', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, wait: false });
    expect(await dyingWorker(store, clock)).toEqual([id]);
    const { push, backend } = make();
    await push.messages.count();
    await clock.advance(LEASE_MS - 1);
    expect(backend.sent).toEqual([]);
    await clock.advance(2_000);
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 }));
    expect(backend.sent).toEqual([['a']]);
  });

  it('is tried alone: nothing else is under way meanwhile', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push: web } = make({ worker: false });
    const channels = ['a', 'b', 'c'];
    await web.sendMany(channels.map((channel) => ({ ...message, channels: channel, wait: false })));
    expect(await dyingWorker(store, clock)).toHaveLength(3);
    await clock.advance(LEASE_MS + 1);
    await web.send({ ...message, channels: 'new', wait: false });
    const { push, backend } = make();
    const { waiting, answer } = heldAnswers();
    backend.answer = answer;
    await push.messages.count();
    for (let sent = 1; sent <= 4; sent++) {
      await vi.waitFor(() => expect(backend.requests).toHaveLength(sent));
      await clock.advance(2_000);
      expect(backend.pending).toBe(1);
      waiting.shift()?.resolve();
    }
    await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(4));
    expect(backend.sent.flat().sort()).toEqual([...channels, 'new']);
  });

  it('is ERROR after three deaths, with an error that says so', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, wait: false });
    for (let death = 1; death <= 3; death++) {
      expect(await dyingWorker(store, clock)).toEqual([id]);
      await clock.advance(LEASE_MS + 1);
    }
    const { push, backend } = make();
    const failed: string[] = [];
    push.on('failed', (record) => failed.push(record.id));
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR' }));
    expect((await push.messages.get(id))?.error).toMatchObject({
      name: 'DeliveryError',
      outcome: 'unknown',
      message:
        'The process ended 3 times while it sent this message, which is not sent any more. Find out what ends it, then call messages.retry().',
    });
    expect(failed).toEqual([id]);
    expect(backend.sent).toEqual([]);
    expect(await push.messages.retry(id)).toBe(true);
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }));
    expect(backend.sent).toEqual([['a']]);
  });

  it('does not count the deaths of workers that had only claimed it', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, wait: false });
    for (let death = 0; death < 8; death++) {
      expect(await dyingWorker(store, clock, { begins: false })).toEqual([id]);
      await clock.advance(LEASE_MS + 1);
    }
    const { push, backend } = make();
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' }));
    expect(backend.sent).toEqual([['a']]);
  });

  it('is not sent again where what is unknown is kept', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push: web } = make({ worker: false });
    const { id } = await web.send({ ...message, wait: false, whenUnknown: 'keep' });
    await dyingWorker(store, clock);
    await clock.advance(LEASE_MS + 1);
    const { push, backend } = make();
    await vi.waitFor(async () => expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR' }));
    expect((await push.messages.get(id))?.error?.message).toBe(
      'The process ended while it sent this message. It stays unknown whether it arrived, because "whenUnknown" is "keep".',
    );
    expect(backend.sent).toEqual([]);
  });
});

describe.each(stores)('a lease on the %s store', (_name, newStore) => {
  it('is renewed as long as a send takes: nobody else sends the message', async () => {
    const { make, clock } = servicesWith(newStore());
    const { push: slow, backend: slowBackend } = make();
    const { waiting, answer } = heldAnswers();
    slowBackend.answer = answer;
    const { push: other, backend: otherBackend } = make({ timeout: 1_000_000 });
    await other.messages.count();
    const sending = slow.send({ ...message, timeout: 1_000_000 });
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    await clock.advance(10 * LEASE_MS);
    waiting[0]?.resolve();
    expect(await sending).toMatchObject({ status: 'accepted' });
    await clock.advance(2 * LEASE_MS);
    expect(otherBackend.sent).toEqual([]);
    expect(await other.messages.find({ state: 'SENT' })).toMatchObject({ messages: [{ attempts: 1 }] });
  });

  it('that is lost keeps what was accepted, and leaves the state to who has the message', async () => {
    const store = newStore();
    const { make, clock } = servicesWith(changed(store, { renew: async () => [] }));
    const { push: slow, backend: slowBackend } = make({ worker: false });
    const { waiting, answer } = heldAnswers();
    slowBackend.answer = answer;
    const sending = slow.send({ ...message, timeout: 1_000_000 });
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    const { push: other, backend: otherBackend } = make();
    otherBackend.answer = () => {
      throw new DeliveryError('The provider refuses it.', { retryable: false, outcome: 'rejected' });
    };
    await clock.advance(LEASE_MS + 1);
    await vi.waitFor(async () =>
      expect(await other.messages.find({ state: 'ERROR' })).toMatchObject({ messages: [{}] }),
    );
    const told: string[] = [];
    slow.on('sent', ({ id }) => told.push(id));
    waiting[0]?.resolve();
    const { id, status } = await sending;
    expect(status).toBe('accepted');
    await clock.advance(0);
    expect(await other.messages.get(id)).toMatchObject({
      state: 'ERROR',
      error: { message: 'The provider refuses it.' },
      channels: expect.arrayContaining([
        expect.objectContaining({ state: 'accepted', channels: ['a'] }),
        expect.objectContaining({ state: 'rejected', channels: ['a'] }),
      ]),
    });
    expect(told).toEqual([]);
  });
});
