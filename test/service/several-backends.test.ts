import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  createPushService,
  DeliveryError,
  type PushServerSettings,
  type PushService,
  type RoutedMessage,
  ValidationError,
} from '../../src/index.js';
import { memorySessions } from '../../src/sessions/memory.js';
import { userChannels } from '../../src/sessions/user-channels.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

interface Two extends AsyncDisposable {
  readonly push: PushService;
  readonly live: RecordingBackend;
  readonly mobile: RecordingBackend;
}

/** A service with two backends, of which every user has a channel by his name in the second one. */
function two(settings: Partial<PushServerSettings> = {}): Two {
  const live = new RecordingBackend();
  const mobile = new RecordingBackend({ maxChannelsPerRequest: 10 });
  const sessions = userChannels({ prefix: 'phone-' });
  const push = createPushService({
    retries: 0,
    sessions: memorySessions(),
    logger: new RecordingLogger(),
    ...settings,
    backends: { live, mobile: { backend: mobile, sessions } },
  } as PushServerSettings);
  return { push, live, mobile, [Symbol.asyncDispose]: () => push.close() };
}

const failing = (): never => {
  throw new DeliveryError('the provider refuses it', { outcome: 'rejected', retryable: false });
};

describe('a service with several backends', () => {
  it('sends by the first one, unless a message says more', async () => {
    await using service = two();
    const { push, live, mobile } = service;
    await push.send({ event: 'hello', channels: 'news' });
    expect(live.sent).toEqual([['news']]);
    expect(mobile.sent).toEqual([]);
    expect(push.backend).toBe(live);
    expect(push.backends).toEqual({ live, mobile });
  });

  it('sends by the backends in "via", each with its own sessions, the same message', async () => {
    await using service = two();
    const { push, live, mobile } = service;
    const session = await (push.sessions as ReturnType<typeof memorySessions>).add('ann');
    const report = await push.send({ event: 'hello', users: ['ann', 'bob'], data: 1, via: ['live', 'mobile'] });
    expect(live.sent).toEqual([[session.channelId]]);
    expect(mobile.sent).toEqual([['phone-ann', 'phone-bob']]);
    expect(live.requests[0]?.message.id).toBe(mobile.requests[0]?.message.id);
    expect(report).toMatchObject({
      status: 'accepted',
      channels: [session.channelId, 'phone-ann', 'phone-bob'],
      accepted: [session.channelId, 'phone-ann', 'phone-bob'],
      unreachable: [],
      attempts: 2,
      backends: {
        live: { accepted: [session.channelId], unreachable: ['bob'], attempts: 1 },
        mobile: { accepted: ['phone-ann', 'phone-bob'], unreachable: [], attempts: 1 },
      },
    });
  });

  it('says of channels with the same name in two backends what became of each', async () => {
    await using service = two();
    const { push, live } = service;
    live.answer = failing;
    const report = await push.send({ event: 'hello', channels: 'news', via: ['live', 'mobile'] });
    expect(report).toMatchObject({ status: 'partial', channels: ['news', 'news'], accepted: ['news'] });
    expect(report.backends?.['live']).toMatchObject({ accepted: [], rejected: [{ channel: 'news' }] });
    expect(report.backends?.['mobile']).toMatchObject({ accepted: ['news'], rejected: [] });
  });

  it('throws when no backend accepts the message', async () => {
    await using service = two();
    const { push, live, mobile } = service;
    live.answer = failing;
    mobile.answer = failing;
    const error = await failureOf(DeliveryError, () =>
      push.send({ event: 'hello', channels: 'news', via: ['live', 'mobile'] }),
    );
    expect(error.message).toBe(
      'No backend accepted the message for all 2 channels, the first of them "news": the provider refuses it',
    );
    expect(Object.keys(error.report?.backends ?? {})).toEqual(['live', 'mobile']);
  });

  it('makes the checks of all backends before it sends by any', async () => {
    await using service = two();
    const { push, live, mobile } = service;
    mobile.checkChannels = () => {
      throw new ValidationError('not this one');
    };
    const error = await failureOf(ValidationError, () =>
      push.send({ event: 'hello', channels: 'news', via: ['live', 'mobile'] }),
    );
    expect(error.message).toBe('not this one');
    expect([...live.sent, ...mobile.sent]).toEqual([]);
  });

  it.each([
    ['mobil', '"via": "mobil" is none of the setting "backends"; did you mean "mobile"?'],
    ['pigeon', '"via": "pigeon" is none of the setting "backends"; known are live, mobile.'],
    [[], '"via" is empty: name at least one backend.'],
    [7, '"via" must be a name of the setting "backends" (live, mobile) or a list of them, not a value of type number.'],
    [[null], '"via" must be a name of the setting "backends" (live, mobile) or a list of them, not null.'],
  ])('refuses %j in "via" before it sends anything', async (via, words) => {
    await using service = two();
    const { push, live, mobile } = service;
    const sendings = [
      () => push.send({ event: 'hello', channels: 'news', via: via as string }),
      () =>
        push.sendMany([
          { event: 'a', channels: 'a' },
          { event: 'hello', channels: 'news', via: via as string },
        ]),
      () => push.trigger('news', 'hello', 1, { via: via as string }),
      () => push.channel('news').trigger('hello', 1, { via: via as string }),
    ];
    for (const sending of sendings) expect((await failureOf(ValidationError, sending)).message).toBe(words);
    expect([...live.sent, ...mobile.sent]).toEqual([]);
  });

  it('is needed for "via"', async () => {
    const backend = new RecordingBackend();
    await using push = createPushService({ backend });
    const error = await failureOf(ValidationError, () => push.send({ event: 'a', channels: 'a', via: 'live' }));
    expect(error.message).toBe(
      'send() has no option "via": a service with one backend has no choice: set "backends" in PUSH_SERVER, in place of "backend".',
    );
    expect(backend.sent).toEqual([]);
  });

  it('hands each backend its own "backendOptions", by its name', async () => {
    await using service = two();
    const { push, live, mobile } = service;
    const backendOptions = { mobile: { ttl: 60 } };
    await push.send({ event: 'hello', channels: 'news', via: ['live', 'mobile'], backendOptions });
    expect(live.requests[0]?.message.backendOptions).toBeUndefined();
    expect(mobile.requests[0]?.message.backendOptions).toEqual({ ttl: 60 });
    const error = await failureOf(ValidationError, () =>
      push.send({ event: 'hello', channels: 'news', backendOptions: { ttl: 60 } }),
    );
    expect(error.message).toBe(
      'With several backends, "backendOptions" has the options of each by its name, such as { live: { … } }: "ttl" is none of live, mobile.',
    );
  });

  it('waits for its turn with "ordered", backend by backend', async () => {
    await using service = two();
    const { push, live, mobile } = service;
    const gate = Promise.withResolvers<void>();
    live.answer = ({ message }) => (message.event === 'first' ? gate.promise : undefined);
    const first = push.send({ event: 'first', channels: 'news', ordered: true });
    const second = push.send({ event: 'second', channels: 'news', ordered: true });
    await push.send({ event: 'third', channels: 'news', ordered: true, via: 'mobile' });
    expect(mobile.requests.map(({ message }) => message.event)).toEqual(['third']);
    expect(live.requests.map(({ message }) => message.event)).toEqual(['first']);
    gate.resolve();
    await Promise.all([first, second]);
    expect(live.requests.map(({ message }) => message.event)).toEqual(['first', 'second']);
  });

  it('opens and closes all of them, and hears what any of them receives', async () => {
    await using service = two();
    const { push, live, mobile } = service;
    await push.ready();
    expect([live.calls, mobile.calls]).toEqual([['open'], ['open']]);
    const heard: unknown[] = [];
    push.on('messageReceived', ({ channel }) => heard.push(channel));
    live.receive({ channel: 'a', event: 'e', data: 1 } as never);
    mobile.receive({ channel: 'b', event: 'e', data: 1 } as never);
    expect(heard).toEqual(['a', 'b']);
    await push.close();
    expect([live.calls, mobile.calls]).toEqual([
      ['open', 'close'],
      ['open', 'close'],
    ]);
  });

  it('sends by the others when one cannot open', async () => {
    await using service = two();
    const { push, live, mobile } = service;
    mobile.open = () => Promise.reject(new ConfigurationError('no key'));
    const report = await push.send({ event: 'hello', channels: 'news', via: ['live', 'mobile'] });
    expect(report.status).toBe('partial');
    expect(report.backends?.['mobile']?.rejected).toMatchObject([{ channel: 'news', error: { message: 'no key' } }]);
    expect(live.sent).toEqual([['news']]);
    await failureOf(ConfigurationError, () => push.send({ event: 'hello', channels: 'news', via: 'mobile' }));
    await failureOf(ConfigurationError, () => push.ready());
  });
});

describe('routes', () => {
  const asked: [unknown, RoutedMessage][] = [];

  it('choose the backends of each user', async () => {
    const chosen: Record<string, string | string[] | undefined> = {
      ann: 'mobile',
      bob: ['live', 'mobile'],
      cid: undefined,
      dan: [],
    };
    await using service = two({
      sessions: userChannels({ prefix: 'page-' }),
      routes: (user: unknown) => chosen[String(user)],
    } as never);
    const { push, live, mobile } = service;
    const report = await push.send({ event: 'hello', users: ['ann', 'bob', 'cid', 'dan'] });
    expect(live.sent.flat()).toEqual(['page-bob', 'page-cid']);
    expect(mobile.sent).toEqual([['phone-ann', 'phone-bob']]);
    expect(report).toMatchObject({ status: 'accepted', unreachable: ['dan'] });
    const none = await push.send({ event: 'hello', users: 'dan' });
    expect(none).toMatchObject({ status: 'unreachable', unreachable: ['dan'], channels: [], backends: {} });
  });

  it('see the event, a copy of the data, the notification and the tag', async () => {
    asked.length = 0;
    await using service = two({
      routes: async (user: unknown, message: RoutedMessage) => {
        asked.push([user, { ...message }]);
        return 'mobile';
      },
    } as never);
    const { push, live, mobile } = service;
    const notification = { title: 'Hi' };
    await push.send({ event: 'hello', users: ['ann'], data: { at: new Date(0) }, notification });
    expect(asked).toEqual([
      ['ann', { event: 'hello', data: { at: '1970-01-01T00:00:00.000Z' }, notification, tag: undefined }],
    ]);
    asked.length = 0;
    await push.send({ event: 'hello', channels: 'news' });
    await push.send({ event: 'hello', users: 'ann', via: 'mobile' });
    expect(asked).toEqual([]);
    expect(live.sent).toEqual([['news']]);
    expect(mobile.sent).toEqual([['phone-ann'], ['phone-ann']]);
  });

  it.each([
    ['data', (message: RoutedMessage) => Object.assign((message.data as { to: object }).to, { n: 2 })],
    ['notification', (message: RoutedMessage) => Object.assign(message.notification ?? {}, { title: 'Changed' })],
  ])('cannot change the %s of a message', async (_what, change) => {
    await using service = two({ routes: (_user: unknown, message: RoutedMessage) => change(message) } as never);
    const { push, live, mobile } = service;
    const options = { event: 'hello', users: 'ann', data: { to: { n: 1 } }, notification: { title: 'Hi' } };
    const failure = await failureOf(DeliveryError, push.send(options));
    expect(failure.message).toContain('the setting "routes" failed: Cannot assign to read only property');
    expect([live.sent, mobile.sent]).toEqual([[], []]);
  });

  it.each([
    [
      () => 'mobil',
      ValidationError,
      'The answer of the setting "routes": "mobil" is none of the setting "backends"; did you mean "mobile"?',
    ],
    [
      () => Promise.reject(new Error('no database')),
      DeliveryError,
      'Nothing was sent, because the setting "routes" failed: no database',
    ],
    [() => new Promise(() => {}), Error, 'The setting "routes" did not answer within 50 ms: nothing was sent.'],
  ])('that fail let nothing be sent: %s', async (routes, errorClass, words) => {
    await using service = two({ routes, timeout: 50 } as never);
    const { push, live, mobile } = service;
    const error = await push.send({ event: 'hello', users: ['ann', 'bob'] }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(errorClass);
    expect((error as Error).message).toBe(words);
    expect([...live.sent, ...mobile.sent]).toEqual([]);
  });

  it('ask nothing of a backend that they do not choose', async () => {
    await using service = two({ routes: () => 'mobile' } as never);
    const { push, live, mobile } = service;
    live.checkMessage = () => {
      throw new ValidationError('live takes no such message');
    };
    await push.send({ event: 'hello', users: 'ann' });
    expect(mobile.sent).toEqual([['phone-ann']]);
  });
});
