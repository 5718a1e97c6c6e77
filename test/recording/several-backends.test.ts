import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createPushService,
  DeliveryError,
  type MessageStore,
  type PushServerSettings,
  type PushService,
  ValidationError,
} from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { memorySessions } from '../../src/sessions/memory.js';
import { userChannels } from '../../src/sessions/user-channels.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { TestClock } from '../support/test-clock.js';
import { stores } from './services-with-store.js';

const MINUTE = 60_000;

const down = new DeliveryError('the provider is down', { outcome: 'rejected', retryable: true, status: 503 });
const refused = new DeliveryError('the text is too long', { outcome: 'rejected', retryable: false, status: 400 });

interface Two {
  readonly push: PushService;
  readonly live: RecordingBackend;
  readonly mobile: RecordingBackend;
  readonly clock: TestClock;
  readonly store: MessageStore;
  readonly logger: RecordingLogger;
}

const open: PushService[] = [];

afterEach(async () => {
  for (const push of open.splice(0)) await push.close();
});

/** A service with a store and two backends. Every user has a page and a telephone. */
function two(settings: Partial<PushServerSettings> = {}, clock: TestClock = new TestClock()): Two {
  const live = new RecordingBackend({ maxChannelsPerRequest: 10 });
  const mobile = new RecordingBackend({ maxChannelsPerRequest: 10 });
  const logger = new RecordingLogger();
  const store = (settings.messages as MessageStore | undefined) ?? memoryMessages();
  const push = createPushService({
    retries: 0,
    recording: { retryDelays: ['1m', '1h'] },
    sessions: userChannels({ prefix: 'page-' }),
    ...settings,
    messages: store,
    clock,
    logger,
    backends: { live, mobile: { backend: mobile, sessions: userChannels({ prefix: 'phone-' }) } },
  } as PushServerSettings);
  open.push(push);
  return { push, live, mobile, clock, store, logger };
}

const both = ['live', 'mobile'];

describe.each(stores)('with several backends and the %s store', (_name, makeStore) => {
  it('tries a message again by the backend alone that did not accept it', async () => {
    const { push, live, mobile, clock } = two({ messages: makeStore() });
    mobile.answer = () => Promise.reject(down);
    const { id, status } = await push.send({ event: 'hello', users: ['ann', 'ben'], via: both });
    expect(status).toBe('waiting');
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR_RETRY',
      attempts: 1,
      via: ['live', 'mobile'],
      channels: [
        { state: 'accepted', channels: ['page-ann', 'page-ben'], users: ['ann', 'ben'], backend: 'live' },
        { state: 'rejected', channels: ['phone-ann', 'phone-ben'], users: ['ann', 'ben'], backend: 'mobile' },
      ],
    });
    mobile.answer = () => undefined;
    await clock.advance(2 * MINUTE);
    expect(live.sent).toEqual([['page-ann', 'page-ben']]);
    expect(mobile.sent).toEqual([
      ['phone-ann', 'phone-ben'],
      ['phone-ann', 'phone-ben'],
    ]);
    expect(new Set([...live.requests, ...mobile.requests].map(({ message }) => message.id))).toEqual(new Set([id]));
    const record = await push.messages.get(id);
    expect(record).toMatchObject({ state: 'SENT', attempts: 2, backend: 'mobile' });
    expect(record?.channels.map(({ state, backend }) => [state, backend])).toEqual([
      ['accepted', 'live'],
      ['accepted', 'mobile'],
    ]);
  });

  it('keeps what each backend accepted as its own, and tries again no other channel', async () => {
    const { push, live, mobile, clock } = two({ messages: makeStore() });
    const channels = Array.from({ length: 11 }, (_, index) => `c${index}`);
    const [firstTen, last] = [channels.slice(0, 10), ['c10']];
    live.answer = (request) => (request.channels.includes('c10') ? Promise.reject(down) : undefined);
    const { id } = await push.send({ event: 'hello', channels, via: both });
    const record = await push.messages.get(id);
    const told = (state: string, backend: string): readonly string[] | undefined =>
      record?.channels.flatMap((each) => (each.state === state && each.backend === backend ? each.channels : []));
    expect([told('accepted', 'live'), told('rejected', 'live')]).toEqual([firstTen, last]);
    expect([told('accepted', 'mobile'), told('rejected', 'mobile')]).toEqual([channels, []]);
    live.answer = () => undefined;
    await clock.advance(2 * MINUTE);
    expect(live.sent).toEqual([firstTen, last, last]);
    expect(mobile.sent).toEqual([firstTen, last]);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
  });

  it('writes down what one backend accepted while another one has not answered', async () => {
    const { push, live, mobile } = two({ messages: makeStore() });
    const answered = Promise.withResolvers<undefined>();
    mobile.answer = () => answered.promise;
    const sending = push.send({ event: 'hello', channels: 'news', via: both });
    await vi.waitFor(() => expect([live.sent, mobile.sent]).toEqual([[['news']], [['news']]]));
    await vi.waitFor(async () => {
      const { messages } = await push.messages.find({ event: 'hello' });
      expect(messages.map(({ state, channels }) => [state, channels.map(({ backend }) => backend)])).toEqual([
        ['SENDING', ['live']],
      ]);
    });
    answered.resolve(undefined);
    expect((await sending).status).toBe('accepted');
  });

  it('waits for a provider that is away, also when another backend has failed for good', async () => {
    const { push, live, mobile, clock } = two({ messages: makeStore() });
    mobile.answer = () => Promise.reject(down);
    for (let count = 0; count < 6; count++) await push.send({ event: 'first', channels: 'a', via: 'mobile' });
    live.answer = ({ message }) => (message.event === 'both' ? Promise.reject(down) : undefined);
    const { id } = await push.send({ event: 'both', channels: 'a', via: both });
    for (let minute = 0; minute < 70; minute++) {
      await push.send({ event: 'other', channels: 'a' });
      await clock.advance(MINUTE);
    }
    const tries = (backend: RecordingBackend): number =>
      backend.requests.filter(({ message }) => message.event === 'both').length;
    // Two delays, so three tries.
    expect(tries(live)).toBe(3);
    expect(await push.messages.get(id)).toMatchObject({ state: 'WAITING' });
    mobile.answer = () => undefined;
    await clock.advance(60 * MINUTE);
    expect(tries(live)).toBe(3);
    const record = await push.messages.get(id);
    expect(record).toMatchObject({ state: 'SENT' });
    expect(record?.channels.map(({ state, backend }) => [state, backend])).toEqual([
      ['accepted', 'mobile'],
      ['rejected', 'live'],
    ]);
  });

  it('ends a message that all have accepted, although one of them is away meanwhile', async () => {
    const { push, live, mobile, clock } = two({ messages: makeStore() });
    live.answer = () => Promise.reject(down);
    const { id } = await push.send({ event: 'both', channels: 'a', via: both });
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR_RETRY' });
    live.answer = () => undefined;
    mobile.answer = () => Promise.reject(down);
    for (let count = 0; count < 6; count++) await push.send({ event: 'first', channels: 'a', via: 'mobile' });
    await clock.advance(1.2 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 });
  });

  it('counts a channel with the same name in two backends as two', async () => {
    const { push, live, mobile, clock } = two({ messages: makeStore() });
    mobile.answer = () => Promise.reject(down);
    const { id } = await push.send({ event: 'hello', channels: 'news', via: both });
    mobile.answer = () => undefined;
    await clock.advance(2 * MINUTE);
    expect([live.sent, mobile.sent]).toEqual([[['news']], [['news'], ['news']]]);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 });
  });

  it('sends by the others while the provider of one is away, and what waits for it spends no attempt', async () => {
    const { push, live, mobile, clock } = two({ messages: makeStore() });
    mobile.answer = () => Promise.reject(down);
    for (let count = 0; count < 6; count++) await push.send({ event: 'first', channels: 'a', via: 'mobile' });
    const asked = mobile.requests.length;
    const waiting = await push.send({ event: 'second', channels: 'a', via: 'mobile' });
    const split = await push.send({ event: 'third', channels: 'a', via: both });
    const { status } = await push.send({ event: 'fourth', channels: 'a' });
    expect([waiting.status, split.status, status]).toEqual(['waiting', 'waiting', 'accepted']);
    await clock.advance(1_000);
    expect(mobile.requests).toHaveLength(asked);
    expect(live.requests.map(({ message }) => message.event)).toEqual(['third', 'fourth']);
    expect(await push.messages.get(waiting.id)).toMatchObject({ state: 'WAITING', attempts: 0, channels: [] });
    expect(await push.messages.get(split.id)).toMatchObject({
      state: 'WAITING',
      attempts: 0,
      channels: [{ state: 'accepted', channels: ['a'], backend: 'live' }],
    });
    expect((await push.work()).state).toBe('working');
    // One message at a time tries a provider that is away.
    await clock.advance(4_500);
    const tried = mobile.requests.length;
    expect(tried - asked).toBeLessThanOrEqual(1);
    mobile.answer = () => undefined;
    await clock.advance(60 * MINUTE);
    expect(await push.messages.get(waiting.id)).toMatchObject({ state: 'SENT', attempts: 1 });
    expect(await push.messages.get(split.id)).toMatchObject({ state: 'SENT', attempts: 1 });
    expect(live.requests.map(({ message }) => message.event)).toEqual(['third', 'fourth']);
  });

  it('keeps the secrets of its backends out of the record when users cannot be recalled for routes', async () => {
    const recall = (): never => {
      throw new Error('redis://:s3cret@sessions did not answer');
    };
    const sessions = { channelsFor: (user: unknown) => [`page-${user}`], idOf: String, recall };
    const { push, mobile, clock } = two({ routes: () => 'live', sessions } as never);
    vi.spyOn(mobile, 'redact').mockImplementation((text) => text.replaceAll('s3cret', '[secret]'));
    const { id } = await push.send({ event: 'later', users: ['ann'], delay: '1m' });
    await clock.advance(2 * MINUTE);
    expect((await push.messages.get(id))?.error?.message).toBe(
      'Nothing was sent: redis://:[secret]@sessions did not answer',
    );
  });

  it('asks routes when a message is recorded, and again when it is sent later', async () => {
    const asked: unknown[] = [];
    let answer: string | string[] = 'live';
    const routes = (user: unknown, { event, tag, data }: { event: string; tag: unknown; data: unknown }): unknown => {
      asked.push([user, event, tag, data]);
      return answer;
    };
    const { push, live, mobile, clock } = two({ messages: makeStore(), routes } as never);
    await push.send({ event: 'now', users: ['ann'], data: 7, tag: 't' });
    expect(asked).toEqual([['ann', 'now', 't', 7]]);
    expect(live.sent).toEqual([['page-ann']]);
    const { id } = await push.send({ event: 'later', users: ['ann', 'ben'], delay: '1m' });
    answer = ['mobile'];
    await clock.advance(2 * MINUTE);
    const [ann, ben] = ['ann', 'ben'].map((user) => [user, 'later', undefined, {}]);
    expect(asked.slice(1)).toEqual([ann, ben, ann, ben]);
    expect(mobile.sent).toEqual([['phone-ann', 'phone-ben']]);
    expect(live.requests).toHaveLength(1);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', via: undefined, backend: 'mobile' });
  });

  it('skips a message that routes send to nobody', async () => {
    const { push, live, mobile } = two({ messages: makeStore(), routes: () => [] } as never);
    const report = await push.send({ event: 'hello', users: ['ann'] });
    expect(report).toMatchObject({ status: 'unreachable', unreachable: ['ann'], channels: [] });
    expect(await push.messages.get(report.id)).toMatchObject({ state: 'SKIPPED', reason: 'unreachable' });
    expect([...live.sent, ...mobile.sent]).toEqual([]);
  });

  it('returns the first report with an idempotency key, and refuses the key with another "via"', async () => {
    const { push, live, mobile } = two({ messages: makeStore() });
    const message = { event: 'hello', channels: ['a'], via: both, idempotencyKey: 'k' };
    const first = await push.send(message);
    const second = await push.send({ ...message, via: ['mobile', 'live'] });
    expect(second.id).toBe(first.id);
    expect(second.backends).toMatchObject({ live: { accepted: ['a'] }, mobile: { accepted: ['a'] } });
    const error = await failureOf(ValidationError, () => push.send({ ...message, via: 'live' }));
    expect(error.message).toContain('belongs to another message');
    expect([live.sent, mobile.sent]).toEqual([[['a']], [['a']]]);
  });
});

describe('a recorded message with several backends', () => {
  it('is sent by one while the session adapter of the other does not answer', async () => {
    const { push, live, clock } = two({});
    const broken = { channelsFor: () => Promise.reject(new Error('no redis')) };
    await push.close();
    const mobile = new RecordingBackend();
    push.configure({
      retries: 0,
      sessions: userChannels({ prefix: 'page-' }),
      recording: { retryDelays: ['1m'] },
      messages: memoryMessages(),
      clock,
      logger: new RecordingLogger(),
      backends: { live, mobile: { backend: mobile, sessions: broken } },
    } as PushServerSettings);
    const report = await push.send({ event: 'hello', users: 'ann', via: both });
    expect(report).toMatchObject({ status: 'waiting', accepted: ['page-ann'] });
    await clock.advance(2 * MINUTE);
    const record = await push.messages.get(report.id);
    expect(record).toMatchObject({ state: 'SENT', attempts: 2 });
    expect(record?.error?.message).toContain('no redis');
    expect(live.requests).toHaveLength(1);
    expect(mobile.requests).toHaveLength(0);
    const once = await push.send({ event: 'hello', users: 'ann', via: both, retryDelays: [] });
    expect(once).toMatchObject({ status: 'partial', accepted: ['page-ann'], rejected: [] });
    expect(once.backends?.['mobile']?.error?.message).toContain('no redis');
  });

  it('fails for good when no backend accepts it, and is tried again by all after messages.retry()', async () => {
    const { push, live, mobile, clock } = two();
    live.answer = () => Promise.reject(refused);
    mobile.answer = () => Promise.reject(refused);
    const error = await failureOf(DeliveryError, () => push.send({ event: 'hello', channels: 'a', via: both }));
    expect(error.message).toContain('No backend accepted the message for all 2 channels');
    const { messages } = await push.messages.find({ state: 'ERROR' });
    const { id = '', error: recorded } = messages[0] ?? {};
    expect(recorded?.message).toBe('the text is too long');
    live.answer = () => undefined;
    mobile.answer = () => undefined;
    await push.messages.retry(id);
    await clock.advance(1_000);
    expect([live.sent.length, mobile.sent.length]).toEqual([2, 2]);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 2 });
  });

  it('is DEBUG when only backends have accepted it that reach nobody', async () => {
    const sent: string[] = [];
    const live = new RecordingBackend();
    const printed = { backend: 'console', options: { stream: { write: (text: string) => sent.push(text) } } };
    await using push = createPushService({
      messages: memoryMessages(),
      backends: { live, printed },
    } as PushServerSettings);
    const debug = await push.send({ event: 'hello', channels: 'a', via: 'printed' });
    const real = await push.send({ event: 'hello', channels: 'a', via: ['live', 'printed'] });
    expect(await push.messages.get(debug.id)).toMatchObject({ state: 'DEBUG', backend: 'printed' });
    expect(await push.messages.get(real.id)).toMatchObject({ state: 'SENT' });
    expect(sent).toHaveLength(2);
  });

  it('leaves out by each backend the users who have read it', async () => {
    const { push, live, mobile, clock } = two();
    const { id } = await push.send({ event: 'hello', users: ['ann', 'ben'], via: both, delay: '1m', when: 'unread' });
    await push.messages.markRead({ user: 'ann', id });
    await clock.advance(2 * MINUTE);
    expect([live.sent, mobile.sent]).toEqual([[['page-ben']], [['phone-ben']]]);
  });

  it('waits for a process that knows its backend', async () => {
    const store = memoryMessages();
    const { push, clock } = two({ messages: store });
    const { id } = await push.send({ event: 'hello', channels: 'a', via: 'mobile', delay: '1m' });
    await push.close();
    const live = new RecordingBackend();
    await using other = createPushService({
      backends: { live },
      messages: store,
      clock,
      logger: new RecordingLogger(),
      recording: { retryDelays: ['1m', '1h'] },
    } as PushServerSettings);
    await other.ready();
    await clock.advance(61_000);
    expect(await other.messages.get(id)).toMatchObject({
      state: 'ERROR_RETRY',
      error: {
        message:
          'Nothing was sent: the message is to go by the backend "mobile", and the setting "backends" has none of that name (live).',
      },
    });
    await other.close();
    const again = two({ messages: store }, clock);
    await again.push.ready();
    await clock.advance(2 * MINUTE);
    expect(again.mobile.sent).toEqual([['a']]);
    expect(await again.push.messages.get(id)).toMatchObject({ state: 'SENT' });
  });

  it('is sent to the sessions of each backend, of which those of one may be none', async () => {
    const pages = memorySessions();
    const { push, live, mobile } = two({ sessions: pages });
    const report = await push.send({ event: 'hello', users: 'ann', via: both });
    expect(report).toMatchObject({ status: 'accepted', accepted: ['phone-ann'], unreachable: [] });
    expect(report.backends?.['live']?.unreachable).toEqual(['ann']);
    expect([live.sent, mobile.sent]).toEqual([[], [['phone-ann']]]);
  });
});
