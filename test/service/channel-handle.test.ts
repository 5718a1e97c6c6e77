import { describe, expect, test } from 'vitest';
import {
  createPushService,
  PushError,
  type PushService,
  UnsupportedOperationError,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

function start(): { push: PushService; backend: RecordingBackend } {
  const backend = new RecordingBackend({}, { secretKey: 'open-sesame' });
  return { push: createPushService({ backend, retries: 0 }), backend };
}

test('get and post are refused where the backend has no HTTP API that is common', async () => {
  const { push } = start();
  for (const asking of [() => push.get('channels'), () => push.post('events', {})])
    expect((await failureOf(UnsupportedOperationError, asking)).message).toMatch(
      /^The recording backend cannot .* HTTP API: use the provider's own client, which is the backend's api\.$/,
    );
});

describe('a channel handle', () => {
  test('costs nothing until it is used', async () => {
    const { push, backend } = start();
    expect(push.channel('orders').name).toBe('orders');
    await push.ready();
    expect(backend.calls).toEqual(['open']);
  });

  test('hands questions to the backend when it is open', async () => {
    const { push, backend } = start();
    backend.channelInfo = async (channel) => {
      backend.calls.push(`info ${channel}`);
      return { occupied: true, subscriptionCount: 2 };
    };
    backend.channelUsers = async () => ['ann', 'zoe'];
    backend.authorizeChannel = (socketId, channel, member) => ({ auth: `${socketId} ${channel} ${member?.id}` });
    const channel = push.channel('presence-room');
    expect(await channel.info()).toEqual({ occupied: true, subscriptionCount: 2 });
    expect(await channel.users()).toEqual(['ann', 'zoe']);
    expect(await channel.authorize('1.1', { id: 'ann' })).toEqual({ auth: '1.1 presence-room ann' });
    expect(backend.calls).toEqual(['open', 'info presence-room']);
  });

  test.each(['user_id', 'userId'])('names the right key to whoever gives a member by %s', async (key) => {
    const { push } = start();
    const asking = push.channel('presence-a').authorize('1.1', { [key]: 'ann' } as never);
    expect((await failureOf(ValidationError, asking)).message).toBe(
      `A member has the key "id", not "${key}": authorize(socketId, { id, info }).`,
    );
  });

  test('throws a PushError when the backend fails, without secrets', async () => {
    const { push, backend } = start();
    backend.channelInfo = () => Promise.reject(new Error('refused open-sesame'));
    backend.channelUsers = () => Promise.reject(new Error('refused open-sesame'));
    for (const call of [() => push.channel('a').info(), () => push.channel('a').users()]) {
      expect((await failureOf(PushError, call)).message).toBe('The recording backend failed: refused [secret]');
    }
  });

  test('with a wrong name refuses to send', async () => {
    const { push, backend } = start();
    await failureOf(ValidationError, push.channel('').trigger('e', 1));
    expect(backend.requests).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['its text alone', '123.456'],
    ['socket_id', { socket_id: '123.456' }],
    ['except', { except: '123.456' }],
    ['a request', { except: { headers: { 'x-socket-id': '123.456' } } }],
  ])('leaves out the connection that is named by %s, as trigger() of the service does', async (_what, options) => {
    const { push, backend } = start();
    await push.channel('orders').trigger('e', 1, options as string);
    await push.trigger(['orders', 'stock'], 'e', 1, options as string);
    expect(backend.requests.map(({ channels, message }) => [channels, message.except])).toEqual([
      [['orders'], '123.456'],
      [['orders'], '123.456'],
      [['stock'], '123.456'],
    ]);
  });

  test('sends with all options of send, and without data an empty object', async () => {
    const { push, backend } = start();
    const notification = { title: 'Hi' };
    await push.channel('orders').trigger('e', undefined, { notification, timeout: 500 });
    await push.trigger('orders', 'e');
    await push.send({ event: 'e', channels: 'orders' });
    expect(backend.requests.map(({ message }) => message.payload)).toEqual([
      '{"notification":{"title":"Hi"}}',
      '{}',
      '{}',
    ]);
  });

  test.each<[string, unknown[], string]>([
    ['no event', [], 'trigger() needs an event.'],
    ['a misspelt option', ['e', 1, { excpet: '1.2' }], 'trigger() has no option "excpet"; did you mean "except"?'],
    [
      'another channel',
      ['e', 1, { channels: 'b' }],
      'trigger() has no option "channels"; known are notification, except, signal, ordered, timeout, idempotencyKey, backendOptions, record, wait, transaction, delay, at, expires, priority, when, key, tag, relatedTo, extraData, retryDelays, whenUnknown, traceContext, via, socket_id.',
    ],
    [
      "an attribute of Pusher's",
      ['e', 1, { info: 'subscription_count' }],
      'trigger() has no option "info": pass it as { backendOptions: { info } }.',
    ],
    ['null', ['e', 1, null], 'The options of trigger() must be an object.'],
    ['an empty socket id', ['e', 1, ''], '"except" must be a socket id, or a request with the header X-Socket-ID.'],
    [
      'two socket ids',
      ['e', 1, { except: '1.2', socket_id: '1.3' }],
      'trigger() takes "except" or "socket_id", which mean the same, not both.',
    ],
  ])('refuses %s, as trigger() of the service does', async (_what, given, words) => {
    const { push, backend } = start();
    const [event, data, options] = given as [string, unknown, string];
    for (const sending of [
      () => push.channel('a').trigger(event, data, options),
      () => push.trigger('a', event, data, options),
    ])
      expect((await failureOf(ValidationError, sending)).message).toBe(words);
    expect(backend.requests).toEqual([]);
  });

  test('goes on with the service that is configured anew', async () => {
    const { push, backend } = start();
    const channel = push.channel('orders');
    const next = new RecordingBackend();
    push.configure({ backend: next });
    await channel.trigger('e', 1);
    expect([backend.sent, next.sent]).toEqual([[], [['orders']]]);
  });
});
