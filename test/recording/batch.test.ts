import { describe, expect, it, vi } from 'vitest';
import { type BatchProgress, createPushService, DeliveryError, ValidationError } from '../../src/index.js';
import { changed, servicesWith, stores } from './services-with-store.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LEASE_MS = 30_000;
const refused = new DeliveryError('the text is too long', { outcome: 'rejected', retryable: false });
const busy = new DeliveryError('not now', { outcome: 'rejected', retryable: true });
const nothing = { sent: 0, failed: 0, retrying: 0, skipped: 0, cancelled: 0, debug: 0 };
const done = { ended: 'nothing is due', left: 0, unknownConditions: {} };

const message = { event: 'e', data: 1, wait: false } as const;
const messages = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({ ...message, channels: `c${from + n}` }));

describe.each(stores)('sendBatch, with the %s store', (_name, newStore) => {
  function setUp(settings = {}) {
    const store = newStore();
    const { make, clock } = servicesWith(store);
    const { push, backend, logger } = make({ worker: false, ...settings });
    return { store, clock, make, push, backend, logger };
  }

  it('sends what waits and what is due for a retry, by priority, then by age, and counts what became of it', async () => {
    const { push, backend, clock } = setUp({ concurrency: 1 });
    backend.answer = () => Promise.reject(busy);
    await push.send({ event: 'e', channels: 'retried', data: 1 });
    backend.answer = ({ channels: [channel] }) => {
      if (channel === 'refused') throw refused;
      if (channel === 'busy') throw busy;
      return channel === 'read' ? { skipped: 'already read' } : undefined;
    };
    for (const [channels, priority] of [
      ['refused', 'normal'],
      ['slow', 'low'],
      ['busy', 'normal'],
      ['urgent', 'high'],
      ['read', 'normal'],
    ] as const) {
      await clock.advance(1);
      await push.send({ ...message, channels, priority });
    }
    await push.send({ ...message, channels: 'later', delay: '1h' });
    await clock.advance(2 * MINUTE);
    const first = backend.requests.length;

    expect(await push.sendBatch()).toEqual({ ...nothing, sent: 3, failed: 1, retrying: 1, skipped: 1, ...done });
    expect(backend.sent.slice(first).flat()).toEqual(['urgent', 'refused', 'busy', 'read', 'retried', 'slow']);
    expect(await push.messages.count({ state: 'WAITING' })).toBe(1);
    expect(await push.sendBatch()).toEqual({ ...nothing, ...done });
  });

  it('takes no more than "size", and tells how many are left', async () => {
    const { push, backend } = setUp();
    await push.sendMany(messages(10));
    expect(await push.sendBatch({ size: 4, concurrency: 3 })).toEqual({
      ...nothing,
      sent: 4,
      ...{ ended: 'size', left: 6, unknownConditions: {} },
    });
    expect(backend.requests).toHaveLength(4);
    expect(await push.sendBatch({ size: 6 })).toMatchObject({ sent: 6, ended: 'size', left: 0 });
  });

  it('ends as ERROR what fails and was tried "maxAttempts" times, and nothing earlier', async () => {
    const { push, backend, clock } = setUp();
    backend.answer = () => Promise.reject(busy);
    const { id } = await push.send({ ...message, channels: 'a' });
    expect(await push.sendBatch({ maxAttempts: 2 })).toMatchObject({ retrying: 1, failed: 0 });
    await clock.advance(2 * MINUTE);
    expect(await push.sendBatch({ maxAttempts: 2 })).toMatchObject({ retrying: 0, failed: 1 });
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR',
      attempts: 2,
      retrySending: false,
      error: { message: 'not now' },
    });
  });

  it('ends as ERROR, unsent, what was due longer ago than "maxAge", and says so', async () => {
    const { push, backend, clock } = setUp();
    const { id } = await push.send({ ...message, channels: 'old' });
    await clock.advance(HOUR);
    await push.send({ ...message, channels: 'new' });
    await clock.advance(1);
    expect(await push.sendBatch({ maxAge: '1h' })).toEqual({ ...nothing, sent: 1, failed: 1, ...done });
    expect(backend.sent).toEqual([['new']]);
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR',
      attempts: 0,
      channels: [],
      error: {
        code: 'DELIVERY',
        outcome: 'rejected',
        message:
          'Nothing was sent: the message was due at 2026-01-01T00:00:00.000Z, and "maxAge" allows 3600 s. messages.retry() makes it due again, for a worker or for a batch that allows more.',
      },
    });
    expect(await push.messages.retry(id)).toBe(true);
    expect(await push.sendBatch()).toMatchObject({ sent: 1 });
  });

  it.each<[string, { readonly delay: '3d' } | { readonly at: Date }]>([
    ['delay', { delay: '3d' }],
    ['at', { at: new Date('2026-01-04T00:00:00Z') }],
  ])('counts the age of a message with "%s" from when it was first due, whatever its retries', async (_of, time) => {
    const { push, backend, clock } = setUp();
    backend.answer = () => Promise.reject(busy);
    const { id } = await push.send({ ...message, channels: 'a', ...time });
    await clock.advance(72 * HOUR + 1);
    expect(await push.sendBatch({ maxAge: '2d' })).toMatchObject({ retrying: 1 });
    await clock.advance(10 * MINUTE);
    expect(await push.sendBatch({ maxAge: '2d' })).toMatchObject({ retrying: 1 });
    await clock.advance(48 * HOUR);
    expect(await push.sendBatch({ maxAge: '2d' })).toMatchObject({ failed: 1 });
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR',
      attempts: 2,
      error: { message: expect.stringContaining('the message was due at 2026-01-04T00:00:00.000Z') },
    });
  });

  it('leaves the rest of a message that is too old, which stays SENT where a part was accepted', async () => {
    const { push, backend, clock } = setUp();
    backend.answer = ({ channels: [channel] }) => (channel === 'b' ? Promise.reject(busy) : undefined);
    const { id } = await push.send({ event: 'e', channels: ['a', 'b'], data: 1 });
    await clock.advance(HOUR);
    expect(await push.sendBatch({ maxAge: '30m' })).toEqual({ ...nothing, sent: 1, ...done });
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 });
    expect(backend.requests).toHaveLength(2);
  });

  it('counts the age of a message whose worker died by the store, when it is claimed again', async () => {
    const { push, backend, store, clock } = setUp();
    await push.send({ ...message, channels: 'a' });
    const lease = { token: 'dead', ms: LEASE_MS };
    await store.claim({ service: 'default', lease, limit: 1, conditions: [], now: clock.now() });
    await clock.advance(HOUR);
    expect(await push.sendBatch({ maxAge: '30m' })).toMatchObject({ failed: 1 });
    expect(backend.requests).toEqual([]);
  });

  it('takes nothing more when its signal fires, and resolves when what is under way has ended', async () => {
    const { push, backend } = setUp();
    await push.sendMany(messages(10));
    const controller = new AbortController();
    const answers: (() => void)[] = [];
    backend.answer = () => new Promise<void>((resolve) => answers.push(resolve));
    const batch = push.sendBatch({ concurrency: 2, signal: controller.signal });
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    controller.abort();
    for (const answer of answers) answer();
    expect(await batch).toEqual({ ...nothing, sent: 2, ended: 'signal', left: 8, unknownConditions: {} });
    expect(await push.messages.count({ state: 'WAITING' })).toBe(8);

    expect(await push.sendBatch({ signal: controller.signal })).toMatchObject({ ...nothing, ended: 'signal', left: 8 });
    expect(backend.requests).toHaveLength(2);
  });

  it('ends when the provider is away, and tells what is left', async () => {
    const { push, backend, clock } = setUp();
    await push.sendMany(messages(30));
    backend.answer = () => Promise.reject(busy);
    // The fifth failure in a row tells that it is away.
    expect(await push.sendBatch({ concurrency: 10 })).toEqual({
      ...nothing,
      retrying: 4,
      ended: 'provider away',
      left: 26,
      unknownConditions: {},
    });
    expect(backend.requests).toHaveLength(10);
    expect(await push.sendBatch()).toMatchObject({ ...nothing, ended: 'provider away' });
    expect(backend.requests).toHaveLength(10);

    backend.answer = () => undefined;
    await clock.advance(10 * MINUTE);
    expect(await push.sendBatch()).toEqual({ ...nothing, sent: 30, ...done });
  });

  it('leaves what waits for a condition that this process does not know, and names it', async () => {
    const { push, backend } = setUp();
    push.condition('paid', () => false);
    await push.sendMany([...messages(1), { ...message, channels: 'b', when: 'paid' }]);
    await push.sendMany(messages(3).map((each) => ({ ...each, when: 'unpaid' })));
    expect(await push.sendBatch()).toEqual({
      ...nothing,
      sent: 1,
      skipped: 1,
      ended: 'nothing is due',
      left: 3,
      unknownConditions: { unpaid: 3 },
    });
    expect(backend.requests).toHaveLength(1);
  });

  it('tries a message alone under which a process died', async () => {
    const { push, backend, store, clock } = setUp();
    await push.sendMany(messages(2));
    const lease = { token: 'dead', ms: LEASE_MS };
    await store.claim({ service: 'default', lease, limit: 2, conditions: [], now: clock.now() });
    await clock.advance(LEASE_MS + 1);
    await push.sendMany(messages(3, 2));
    const together: number[] = [];
    backend.answer = async ({ channels: [channel = ''] }) => {
      if (channel < 'c2') together.push(backend.pending);
      await new Promise((resolve) => setImmediate(resolve));
      if (channel < 'c2') together.push(backend.pending);
    };
    expect(await push.sendBatch()).toEqual({ ...nothing, sent: 5, ...done });
    expect(together).toEqual([1, 1, 1, 1]);
  });

  it('sends each message once beside other batches and a worker, in this process and in another', async () => {
    const { make, push, backend } = setUp();
    const other = make({ worker: false });
    await push.sendMany(messages(300));
    await push.work({ concurrency: 7 });
    const [one, two, three] = await Promise.all([
      push.sendBatch({ concurrency: 5 }),
      push.sendBatch({ concurrency: 3 }),
      other.push.sendBatch({ concurrency: 4 }),
    ]);
    await vi.waitFor(async () => expect(await push.messages.count({ state: 'SENT' })).toBe(300));
    const sent = [...backend.sent, ...other.backend.sent].flat();
    expect(sent).toHaveLength(300);
    expect(new Set(sent).size).toBe(300);
    expect(three.sent).toBe(other.backend.requests.length);
    expect(one.sent + two.sent).toBeLessThanOrEqual(backend.requests.length);
  });

  it('tells its progress: how many were due, how many are under way, and what became of the others', async () => {
    const { push } = setUp();
    await push.sendMany([...messages(3), { ...message, channels: 'later', delay: '1h' }]);
    const told: BatchProgress[] = [];
    await push.sendBatch({ onProgress: (progress) => told.push(progress) });
    expect(told[0]).toEqual({ ...nothing, underWay: 0, total: 3 });
    expect(told.at(-1)).toMatchObject({ ...nothing, sent: 3, total: 3 });
    expect([...new Set(told.map(({ sent }) => sent))]).toEqual([0, 1, 2, 3]);
    expect(Math.max(...told.map(({ underWay }) => underWay))).toBe(3);
  });

  it('goes on when "onProgress" throws, and logs it', async () => {
    const { push, logger } = setUp();
    await push.sendMany(messages(2));
    const fails = (): never => {
      throw new Error('no room on the screen');
    };
    expect(await push.sendBatch({ onProgress: fails })).toMatchObject({ sent: 2 });
    expect(new Set(logger.entries.map(({ text }) => text))).toEqual(new Set(['"onProgress" of sendBatch() failed']));
  });

  it('throws what the store throws, when what is under way has ended', async () => {
    const { make, store } = setUp();
    let claims = 0;
    const breaking = changed(store, {
      claim: async (request) => {
        if (++claims > 1) throw new DeliveryError('the database is away', { outcome: 'rejected', retryable: true });
        return store.claim(request);
      },
    });
    const { push, backend } = servicesWith(breaking).make({ worker: false });
    await push.sendMany(messages(5));
    await expect(push.sendBatch({ concurrency: 2 })).rejects.toThrow('the database is away');
    expect(await make().push.messages.count({ state: 'SENT' })).toBe(2);
    expect(backend.pending).toBe(0);
  });

  it('ends with the service, and what it has not sent goes back', async () => {
    const { push, backend, make } = setUp({ closeTimeout: 200, concurrency: 1 });
    await push.sendMany(messages(3));
    backend.answer = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const batch = push.sendBatch();
    await vi.waitFor(() => expect(backend.pending).toBe(1));
    const closing = push.close();
    const { ended, ...counts } = await batch;
    expect([ended, counts.sent, counts.left]).toEqual(['closed', 0, 3]);
    await closing;
    const { push: after } = make({ worker: false });
    expect(await after.messages.find({ state: 'WAITING' })).toMatchObject({
      messages: [{ attempts: 0 }, { attempts: 0 }, { attempts: 0 }],
    });
  });

  it('removes old messages, since no worker may do it', async () => {
    const { push, clock } = setUp();
    await push.send({ event: 'e', channels: 'a' });
    await clock.advance(31 * 24 * HOUR);
    await push.sendBatch();
    expect(await push.messages.count()).toBe(0);
  });
});

describe('sendBatch', () => {
  it('counts as DEBUG what the backend console shows', async () => {
    const [[, newStore]] = stores as [(typeof stores)[0]];
    await using push = createPushService({
      backend: 'console',
      options: { stream: { write: () => {} } },
      messages: newStore(),
      worker: false,
    });
    await push.sendMany(messages(2));
    expect(await push.sendBatch()).toEqual({ ...nothing, debug: 2, ...done });
  });

  it.each<[string, object, RegExp]>([
    ['a size of 0', { size: 0 }, /^"size" must be a whole number, 1 or above\.$/],
    ['a size that is no number', { size: '5' }, /^"size" must be a whole number/],
    ['half an attempt', { maxAttempts: 1.5 }, /^"maxAttempts" must be a whole number, 1 or above\.$/],
    ['a wrong age', { maxAge: '2 days' }, /^"maxAge" must be a number of milliseconds, or a text such as "30s"/],
    ['too many at once', { concurrency: 10_001 }, /^"concurrency" must be a whole number from 1 to 10000\.$/],
    ['a signal that is none', { signal: {} }, /^"signal" must be an AbortSignal\.$/],
    ['progress that is no function', { onProgress: true }, /^"onProgress" must be a function\.$/],
    [
      'an unknown option',
      { maxattempts: 3 },
      /^sendBatch\(\) has no option "maxattempts"; did you mean "maxAttempts"\?/,
    ],
  ])('refuses %s, and sends nothing', async (_what, options, words) => {
    const [[, newStore]] = stores as [(typeof stores)[0]];
    const { push, backend } = servicesWith(newStore()).make({ worker: false });
    await push.sendMany(messages(1));
    const failure = await push.sendBatch(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ValidationError);
    expect((failure as Error).message).toMatch(words);
    expect(backend.requests).toEqual([]);
  });

  it('needs a message store', async () => {
    await using push = createPushService({ backend: 'console' });
    await expect(push.sendBatch()).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(/^sendBatch\(\) needs a message store: /),
    });
  });
});
