import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import type { PubNubService } from '../../src/backends/pubnub/index.js';
import {
  AuthenticationError,
  ConfigurationError,
  createPushService,
  DeliveryError,
  memorySessions,
  type PushServerSettings,
  type PushService,
  type RuleContext,
  type SessionAdapter,
  UnsupportedOperationError,
  userChannels,
  ValidationError,
} from '../../src/index.js';
import { startPubNubProvider } from '../providers/pubnub-provider.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';

// The application of "Authentication and authorization signatures" in the Channels documentation.
const keys = { appId: '3', pubKey: '278d425bdf160c739803', secretKey: '7ad3773142a6692b25b8' };
const socketId = '1234.1234';

function service(settings: Partial<PushServerSettings> = {}): { push: PushService; logger: RecordingLogger } {
  const logger = new RecordingLogger();
  const push = createPushService({ backend: 'websocket', ...keys, logger, ...settings } as PushServerSettings);
  onTestFinished(() => push.close());
  return { push, logger };
}

describe('a subscription', () => {
  it('that a rule allows is signed as the documentation shows', async () => {
    const { push } = service();
    push.authorize('private-{name}', ({ user, params }) => user === 'ann' && params.name === 'foobar');
    expect(await push.authorizeChannel({ channel: 'private-foobar', socketId, user: 'ann' })).toEqual({
      auth: '278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
    });
  });

  it('hands the rule who asks, for what and by which request, with the types of the pattern', async () => {
    const { push } = service();
    const seen: RuleContext[] = [];
    push.authorize('private-{kind}.{id*}', (context) => {
      expectTypeOf(context.params).toEqualTypeOf<{ readonly kind: string; readonly id: string }>();
      seen.push(context);
      return true;
    });
    const request = new Request('http://shop.example/push/auth');
    const user = { id: 7, name: 'Ann' };
    await push.authorizeChannel({ channel: 'private-orders.4.2', socketId, user, request });
    expect(seen).toEqual([{ user, params: { kind: 'orders', id: '4.2' }, channel: 'private-orders.4.2', request }]);
    expect(seen[0]?.user).toBe(user);
  });

  it('of a rule that names its member by user_id is refused, and the log names the right key', async () => {
    const { push, logger } = service();
    push.authorize('presence-a', () => ({ user_id: 'ann' }) as never);
    const asking = push.authorizeChannel({ channel: 'presence-a', socketId, user: 'ann' });
    expect(await failureOf(AuthenticationError, asking)).toMatchObject({ status: 403 });
    expect(logger.entries[0]?.text).toContain('(its key is "user_id" and should be "id")');
  });

  it('by an object that stands for nobody is refused as that of nobody, and no rule is asked', async () => {
    const { push } = service();
    push.authorize('private-{name}', () => {
      throw new Error('asked');
    });
    const user = { isAuthenticated: false } as never;
    const asking = push.authorizeChannel({ channel: 'private-a', socketId, user });
    expect(await failureOf(AuthenticationError, asking)).toMatchObject({ status: 401 });
    await failureOf(AuthenticationError, push.authenticateUser({ socketId, user }));
  });

  it('that no rule is for is refused, and told so', async () => {
    const { push } = service();
    push.authorize('private-orders.{id}', () => true);
    const asking = push.authorizeChannel({ channel: 'private-elsewhere', socketId, user: 'ann' });
    expect(await failureOf(AuthenticationError, asking)).toMatchObject({
      status: 403,
      message: 'No subscription to "private-elsewhere": no rule of authorize() fits it.',
    });
  });

  it.each([
    ['a visitor', undefined, 401],
    ['a user', 'ann', 403],
  ])('of a session that is no longer that of %s is refused, and told so', async (_, user, status) => {
    const { push } = service();
    const session = { channelId: 'private-session-new', userId: user };
    const ask = (channel: string) => push.authorizeChannel({ channel, socketId, user, session });
    expect(await failureOf(AuthenticationError, ask('private-session-old'))).toMatchObject({
      status,
      message:
        'No subscription to "private-session-old": it is not, or no longer, this session\'s channel: ' +
        "fetch the page's configuration anew.",
    });
    await ask('private-session-new');
  });

  it.each([
    ['that its rule refuses', 'private-no'],
    ['whose rule throws', 'private-throws'],
    ['whose rule rejects', 'private-rejects'],
    ['whose rule returns something true that is not true', 'private-truthy'],
    ['whose rule returns a member without an id', 'private-member'],
    ['whose rule returns a member who is no JSON', 'presence-cycle'],
  ])('%s is refused', async (_, channel) => {
    const { push } = service();
    push
      .authorize('private-no', () => false)
      .authorize('private-throws', () => {
        throw new Error('the database is gone');
      })
      .authorize('private-rejects', () => Promise.reject(new Error('the database is gone')))
      .authorize('private-truthy', () => 1 as never)
      .authorize('private-member', () => ({ info: 'no id' }) as never)
      .authorize('presence-cycle', () => {
        const info: Record<string, unknown> = {};
        info['itself'] = info;
        return { id: 'ann', info };
      });
    const error = await failureOf(AuthenticationError, push.authorizeChannel({ channel, socketId, user: 'ann' }));
    expect(error).toMatchObject({ status: 403, message: `No subscription to "${channel}": this user may not.` });
  });

  it.each([42, '42', 42n])('takes a member whose id is %s for the same user', async (id) => {
    const { push } = service();
    push.authorize('presence-{room}', () => ({ id, info: { name: 'Ann' } }));
    const expected = await push.channel('presence-a').authorize(socketId, { id: '42', info: { name: 'Ann' } });
    expect(expected.channel_data).toBe('{"user_id":"42","user_info":{"name":"Ann"}}');
    expect(await push.authorizeChannel({ channel: 'presence-a', socketId, user: 'ann' })).toEqual(expected);
    expect(await push.channel('presence-a').authorize(socketId, { id, info: { name: 'Ann' } })).toEqual(expected);
  });

  it.each([Number.NaN, '', true, null, { id: 42 }])('takes no member whose id is %j', async (id) => {
    const { push } = service();
    push.authorize('presence-{room}', () => ({ id }) as never);
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'presence-a', socketId, user: 'ann' }));
    const refused = await failureOf(ValidationError, push.channel('presence-a').authorize(socketId, { id } as never));
    expect(refused.message).toBe(
      "Nothing was authorised: a user's id must be a string of 1 to 128 characters, or a number.",
    );
  });

  it('whose rule fails is logged, with the error and without a word of it to the client', async () => {
    const { push, logger } = service();
    const failure = new Error('the database is gone');
    push.authorize('private-{id}', () => Promise.reject(failure));
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'private-1', socketId, user: 'ann' }));
    expect(logger.entries).toEqual([
      {
        level: 'error',
        details: { err: failure, channel: 'private-1', pattern: 'private-{id}' },
        text: 'an authorisation rule failed, so the subscription was refused',
      },
    ]);
  });

  it('of someone who is not logged in is refused with 401 before a rule is asked', async () => {
    const { push } = service();
    let isAsked = false;
    push.authorize('private-{id}', () => {
      isAsked = true;
      return true;
    });
    for (const user of [undefined, null]) {
      const error = await failureOf(
        AuthenticationError,
        push.authorizeChannel({ channel: 'private-1', socketId, user }),
      );
      expect(error).toMatchObject({ status: 401, message: 'No subscription to "private-1": nobody is logged in.' });
    }
    expect(isAsked).toBe(false);
  });

  it('makes a member of a presence channel, by the id alone or with what the rule says', async () => {
    const { push } = service();
    push.authorize('presence-plain', () => true);
    push.authorize('presence-told', async ({ user }) => ({ id: String(user), info: { name: 'Ann' } }));
    const plain = await push.authorizeChannel({ channel: 'presence-plain', socketId, user: { id: 7 } });
    expect(plain.channel_data).toBe('{"user_id":"7"}');
    const told = await push.authorizeChannel({ channel: 'presence-told', socketId, user: 'ann' });
    expect(told.channel_data).toBe('{"user_id":"ann","user_info":{"name":"Ann"}}');
  });

  it("to the session's own channel needs no rule and no user", async () => {
    const { push } = service();
    const session = { channelId: 'private-session-1' };
    expect(await push.authorizeChannel({ channel: 'private-session-1', socketId, session })).toHaveProperty('auth');
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'private-session-2', socketId, session }));
  });

  it("to a channel of one of the user's sessions needs no rule, and is nobody else's", async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'private-phone');
    const { push } = service({ sessions });
    expect(await push.authorizeChannel({ channel: 'private-phone', socketId, user: 'ann' })).toHaveProperty('auth');
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'private-phone', socketId, user: 'ben' }));
    await sessions.remove('ann');
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'private-phone', socketId, user: 'ann' }));
  });

  it('to the channel that a stateless adapter makes of the user needs no rule', async () => {
    const { push } = service({ sessions: userChannels({ prefix: 'private-user-' }) });
    expect(await push.authorizeChannel({ channel: 'private-user-ann', socketId, user: 'ann' })).toHaveProperty('auth');
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'private-user-ben', socketId, user: 'ann' }));
  });

  it('fails when the sessions cannot be looked up', async () => {
    const sessions: SessionAdapter<never> = { channelsFor: () => Promise.reject(new Error('no connection')) };
    const { push } = service({ sessions });
    const error = await failureOf(
      DeliveryError,
      push.authorizeChannel({ channel: 'private-1', socketId, user: 'ann' }),
    );
    expect(error.message).toBe(
      "Nothing was authorised, because the users' sessions could not be looked up: no connection",
    );
  });

  it.each([
    ['a channel that needs no authorisation', { channel: 'orders', socketId }, /needs no authorisation/],
    ['a name that is none', { channel: 'private-a b', socketId }, /has characters that the websocket backend/],
    ['a socket id that is none', { channel: 'private-1', socketId: '1:2' }, /a socket id must have the form 123.456/],
    ['no socket id', { channel: 'private-1' }, /the "socket_id" is missing/],
    ['several channels at once', { channel: ['private-1', 'private-2'], socketId }, /authorises one channel at a time/],
    ['an empty list of channels', { channel: [], socketId }, /the list of channels is empty/],
    [
      'a presence channel of a user whose id is too long',
      { channel: 'presence-1', socketId, user: 'x'.repeat(129) },
      /1 to 128/,
    ],
  ])('to %s is an error', async (_, request, reason) => {
    const { push } = service();
    push.authorize('{any*}', () => true);
    const error = await failureOf(ValidationError, push.authorizeChannel({ user: 'ann', ...request }));
    expect(error.message).toMatch(reason);
  });

  it('is not to be had from a backend without private channels', async () => {
    const push = createPushService({ backend: 'console' });
    push.authorize('{any*}', () => true);
    await failureOf(UnsupportedOperationError, push.authorizeChannel({ channel: 'private-1', socketId, user: 'ann' }));
  });

  it('keeps to its rules when the service is configured anew', async () => {
    const { push } = service();
    push.authorize('private-{id}', () => true);
    push.configure({ backend: 'websocket', ...keys, pubKey: 'another-key' });
    const { auth } = await push.authorizeChannel({ channel: 'private-1', socketId, user: 'ann' });
    expect(auth).toMatch(/^another-key:/);
  });
});

describe('a sign-in', () => {
  it('is signed for the user who is logged in, and tells no more than the id', async () => {
    const { push } = service();
    const user = { id: 7, password: 'hash' };
    const answer = await push.authenticateUser({ socketId, user });
    expect(answer.user_data).toBe('{"id":"7"}');
    expect(answer.auth).toMatch(/^278d425bdf160c739803:[0-9a-f]{64}$/);
  });

  it('of nobody is refused', async () => {
    const { push } = service();
    const error = await failureOf(AuthenticationError, push.authenticateUser({ socketId }));
    expect(error).toMatchObject({ status: 401, message: 'Nobody is logged in.' });
  });
});

describe('with PubNub', () => {
  async function setUp(sessions: SessionAdapter = memorySessions()): Promise<{
    push: PushService<PubNubService>;
    tokens: () => readonly Record<string, unknown>[];
  }> {
    const provider = await startPubNubProvider();
    const { pubKey, subKey, secretKey, useSsl, options } = provider.settings;
    const push = createPushService({
      backend: 'pubnub',
      ...{ pubKey, subKey, secretKey, useSsl, options, sessions, retries: 0 },
    });
    onTestFinished(async () => {
      await push.close();
      await provider.close();
    });
    const tokens = () =>
      provider.server.requests
        .filter(({ path }) => path.includes('/grant'))
        .map(({ body }) => (JSON.parse(body) as { permissions: Record<string, unknown> }).permissions);
    return { push, tokens };
  }

  it('the same rules grant one token for all channels that they allow, to this user alone', async () => {
    const { push, tokens } = await setUp();
    push.authorize('orders.{id}', ({ params }) => params.id !== '2');
    const grant = await push.authorizeChannel({
      channel: ['orders.1', 'orders.2', 'elsewhere', 'orders.1'],
      user: 'ann',
    });
    expect(grant).toEqual({ auth: expect.any(String), channels: ['orders.1'], refused: ['orders.2', 'elsewhere'] });
    expect(tokens()).toMatchObject([{ uuid: 'ann', resources: { channels: { 'orders.1': 1 } } }]);
  });

  it('no more than 100 channels can be asked for at once, for each of which a rule is asked', async () => {
    const { push } = await setUp();
    let asked = 0;
    push.authorize('orders.{id}', () => ++asked > 0);
    const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `orders.${index}`);
    const error = await failureOf(ValidationError, push.authorizeChannel({ channel: names(101), user: 'ann' }));
    expect(error.message).toBe('Nothing was authorised: a request may name 100 channels, not 101.');
    expect(asked).toBe(0);
    expect((await push.authorizeChannel({ channel: names(100), user: 'ann' })).channels).toHaveLength(100);
  });

  it('what the client says of itself does not matter', async () => {
    const { push, tokens } = await setUp();
    push.authorize('orders', () => true);
    await push.authorizeChannel({ channel: 'orders', user: 'ann', socketId: 'ben' });
    expect(tokens()).toMatchObject([{ uuid: 'ann' }]);
  });

  it('a wildcard is none of the channels that it stands for: only a rule that names it allows it', async () => {
    const { push, tokens } = await setUp();
    const asked: string[] = [];
    push.authorize('orders.{id}', ({ channel }) => asked.push(channel) > 0);
    push.authorize('{any*}', ({ channel }) => asked.push(channel) > 0);
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'orders.*', user: 'ann' }));
    expect([asked, tokens()]).toEqual([[], []]);
    push.authorize('orders.*', ({ user }) => user === 'the-clerk');
    await push.authorizeChannel({ channel: 'orders.*', user: 'the-clerk' });
    expect(tokens()).toMatchObject([{ uuid: 'the-clerk', resources: { channels: { 'orders.*': 1 } } }]);
  });

  it('a wildcard is nobody’s own, whatever the user is called', async () => {
    const { push, tokens } = await setUp(userChannels({ prefix: 'user.' }));
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'user.*', user: '*' }));
    expect(tokens()).toEqual([]);
  });

  it('one name that is none refuses all, before a rule is asked', async () => {
    const { push, tokens } = await setUp();
    const asked: string[] = [];
    push.authorize('orders.{id}', ({ channel }) => asked.push(channel) > 0);
    const channel = ['orders.1', 'no channel'];
    await failureOf(ValidationError, push.authorizeChannel({ channel, user: 'ann' }));
    expect([asked, tokens()]).toEqual([[], []]);
  });

  it('the session of a user whom nobody else names is that user’s, as its page was told', async () => {
    const { push, tokens } = await setUp();
    const session = { channelId: 'private-session-1', userId: 'ann' };
    const { userId } = await push.clientConfig({ session });
    await push.authorizeChannel({ channel: 'private-session-1', session });
    expect(tokens()).toMatchObject([{ uuid: userId }]);
  });

  it('no token is granted where no channel is allowed', async () => {
    const { push, tokens } = await setUp();
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: ['orders.1', 'orders.2'], user: 'ann' }));
    await failureOf(AuthenticationError, push.authorizeChannel({ channel: 'orders.1' }));
    expect(tokens()).toEqual([]);
  });

  it('a visitor who is not logged in gets a token for the own channel, under an id that does not tell the channel', async () => {
    const { push, tokens } = await setUp();
    const session = { channelId: 'private-session-1' };
    const { userId } = await push.clientConfig({ session });
    await push.authorizeChannel({ channel: 'private-session-1', session });
    expect(userId).toMatch(/^anonymous-[\w-]{22}$/);
    expect(tokens()).toMatchObject([{ uuid: userId }]);
  });

  it("a refusal of the application's own keys is no refusal of the client", async () => {
    const provider = await startPubNubProvider();
    const { pubKey, subKey, useSsl, options } = provider.settings;
    const secretKey = 'sec-wrong-secret';
    const push = createPushService({ backend: 'pubnub', pubKey, subKey, secretKey, useSsl, options });
    onTestFinished(async () => {
      await push.close();
      await provider.close();
    });
    push.authorize('orders', () => true);
    const error = await failureOf(ConfigurationError, push.authorizeChannel({ channel: 'orders', user: 'ann' }));
    expect(error.status).toBe(403);
  });
});
