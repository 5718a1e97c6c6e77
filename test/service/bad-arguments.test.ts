import { beforeEach, describe, expect, test } from 'vitest';
import {
  AbortError,
  createPushService,
  identifyUser,
  PushError,
  type PushService,
  UnsupportedOperationError,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

const limits = {
  except: false,
  channelName: { pattern: /^[a-z-]+$/g, maxLength: 10, allowed: 'small letters and -' },
  eventName: { pattern: /^\P{Cc}+$/u, maxLength: 10, allowed: 'anything but control characters' },
};

let backend = new RecordingBackend();
let service: PushService;

beforeEach(() => {
  backend = new RecordingBackend(limits);
  service = createPushService({ backend });
});

/** The words of the error that `send` throws, having sent nothing. */
async function refusal(
  options: unknown,
  errorClass: new (...parameters: never[]) => PushError = ValidationError,
): Promise<string> {
  const error = await failureOf(errorClass, service.send(options as never));
  expect(error).toBeInstanceOf(PushError);
  expect(backend.requests).toEqual([]);
  return error.message;
}

const data = { id: 1 };

describe('to whom', () => {
  test.each<[string, unknown, string]>([
    ['no argument', undefined, 'send() takes one object: send({ event, channels, data }).'],
    ['null', null, 'send() takes one object: send({ event, channels, data }).'],
    ['a text', 'orders', 'send() takes one object: send({ event, channels, data }).'],
    ['both channels and users', { channels: 'a', users: 'b', data }, 'send() takes "channels" or "users", not both.'],
    ['neither', { data }, 'send() needs "channels" or "users".'],
    ['an empty list of channels', { channels: [], data }, '"channels" is empty: name at least one channel.'],
    ['an empty set of channels', { channels: new Set(), data }, '"channels" is empty: name at least one channel.'],
    ['channels that are null', { channels: null, data }, '"channels" must be a string or a list of strings, not null.'],
    [
      'a number as channels',
      { channels: 5, data },
      '"channels" must be a string or a list of strings, not a value of type number.',
    ],
    [
      'an object as channels',
      { channels: { name: 'a' }, data },
      '"channels" must be a string or a list of strings, not a value of type object.',
    ],
    ['users that are null', { users: null, data }, '"users" is null: pass a user, or a list of them.'],
  ])('%s', async (_what, options, words) => {
    expect(await refusal(options)).toBe(words);
  });

  const noUser = (what: string): string =>
    `A user must be an id (a string or a number) or an object with an "id", not ${what}. For other users, give the session adapter the option "identify".`;

  test.each<[string, unknown, string]>([
    ['an object without an id', { name: 'Ann' }, 'an object without "id"'],
    ['an object whose id is empty', { id: '' }, 'an object whose "id" is neither'],
    ['an object whose id is undefined', { id: undefined }, 'an object whose "id" is neither'],
    ['an empty text', '', 'an empty string'],
    ['true', true, 'a value of type boolean'],
    ['NaN', Number.NaN, 'NaN'],
    ['an object with the id under another name', { user_id: 7 }, 'an object with "user_id" in place of "id"'],
    ['null', null, 'null'],
    ['undefined', undefined, 'a value of type undefined'],
  ])('a user that is %s', async (_what, user, words) => {
    expect(await refusal({ users: ['ann', user], data })).toBe(noUser(words));
  });
});

test.each<[string, object]>([
  ['isAuthenticated', { isAuthenticated: false, name: '' }],
  ['is_authenticated', { is_authenticated: false, id: null }],
  ['isAnonymous', { isAnonymous: true }],
  ['its class', new (class AnonymousUser {})()],
])('a user who is not logged in by %s is said to be that, with the way out', async (_what, user) => {
  expect(await refusal({ users: [user], data })).toBe(
    'The user is not logged in, so there is no id to find channels by: send to the channel of the session, { channels: session.channelId }.',
  );
});

test('a guest with an id of its own is a user', async () => {
  service.configure({ backend, sessions: { channelsFor: async (users) => users.map((user) => [identifyUser(user)]) } });
  await service.send({ users: { id: 'guest', isAuthenticated: false }, data });
  expect(backend.sent).toEqual([['guest']]);
});

describe('names', () => {
  test.each<[string, unknown, string]>([
    ['an empty text', '', 'The channel must not be an empty string.'],
    ['a number', 5, 'The channel must be a string, not a value of type number.'],
    ['null', null, 'The channel must be a string, not null.'],
    [
      'wrong characters',
      'my orders',
      'The channel "my orders" has characters that the recording backend does not take; it takes small letters and -.',
    ],
    [
      'a line end',
      'a\n',
      'The channel "a\\n" has characters that the recording backend does not take; it takes small letters and -.',
    ],
    ['too long', 'abcdefghijk', 'The channel "abcdefghijk…" has 11 characters; the recording backend takes 10.'],
  ])('a channel that is %s', async (_what, channel, words) => {
    expect(await refusal({ channels: ['ok', channel], data })).toBe(words);
    // A rule that has the flag g remembers where it matched last.
    expect(await refusal({ channels: ['ok', channel], data })).toBe(words);
  });

  test.each<[string, unknown, string]>([
    ['an empty text', '', 'The event must not be an empty string.'],
    ['null', null, 'The event must be a string, not null.'],
    [
      'a control character',
      'a\u0000',
      'The event "a\\u0000" has characters that the recording backend does not take; it takes anything but control characters.',
    ],
    [
      'half a character',
      'a\ud800',
      'The event "a\\ud800" has characters that the recording backend does not take; it takes anything but control characters.',
    ],
    ['too long', 'abcdefghijk', 'The event "abcdefghijk…" has 11 characters; the recording backend takes 10.'],
  ])('an event that is %s', async (_what, event, words) => {
    expect(await refusal({ event, channels: 'a', data })).toBe(words);
  });

  test('a name as long as the backend takes it is sent, again and again', async () => {
    for (let round = 0; round < 3; round++) await service.send({ event: 'abcdefghij', channels: 'abcdefghij', data });
    expect(backend.requests).toHaveLength(3);
  });

  test('a channel that the session adapter answers with is held to the same rule', async () => {
    service.configure({ backend, sessions: { channelsFor: async () => [['NOT FINE']] } });
    expect(await refusal({ users: 'ann', data })).toContain('The channel "NOT FINE" has characters');
    service.configure({ backend, sessions: { channelsFor: async () => [['fine', 'NOT FINE']] } });
    const { accepted, rejected } = await service.send({ users: 'ann', data });
    expect(accepted).toEqual(['fine']);
    expect(rejected[0]).toMatchObject({ channel: 'NOT FINE', error: { code: 'VALIDATION' } });
    expect(backend.sent).toEqual([['fine']]);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['too few lists', [['a']]],
    ['a flat list', ['a', 'b']],
  ])('a session adapter that answers with %s', async (_what, answer) => {
    service.configure({ backend, sessions: { channelsFor: async () => answer as never } });
    expect(await refusal({ users: ['ann', 'zoe'], data })).toBe(
      'The session adapter was asked for 2 users: channelsFor() must return one list of channels for each.',
    );
  });
});

describe('options', () => {
  test.each<[string, unknown, string]>([
    ['a misspelt option', { chanels: ['a'], data }, 'send() has no option "chanels"; did you mean "channels"?'],
    [
      'an unknown option',
      { channels: 'a', data, whatsoever: 1 },
      'send() has no option "whatsoever"; known are event, channels, users, data, notification, except, signal, ordered, timeout, idempotencyKey, backendOptions, record.',
    ],
    [
      "the socket id by the name of Pusher's libraries",
      { channels: 'a', data, socket_id: '1.2' },
      'send() has no option "socket_id": pass the socket id as "except".',
    ],
    ['a signal that is none', { channels: 'a', data, signal: {} }, '"signal" must be an AbortSignal.'],
    ['an "ordered" that is no boolean', { channels: 'a', data, ordered: 'no' }, '"ordered" must be true or false.'],
    [
      'no time at all',
      { channels: 'a', data, timeout: 0 },
      '"timeout" must be a number of milliseconds from 1 to 2147483647, not 0.',
    ],
    [
      'a time as text',
      { channels: 'a', data, timeout: '5' },
      '"timeout" must be a number of milliseconds from 1 to 2147483647, not a value of type string.',
    ],
    [
      'a time that timers cannot hold',
      { channels: 'a', data, timeout: 2 ** 31 },
      '"timeout" must be a number of milliseconds from 1 to 2147483647, not 2147483648.',
    ],
    [
      'backend options that are none',
      { channels: 'a', data, backendOptions: 'ttl' },
      '"backendOptions" must be an object.',
    ],
    [
      'except without a socket id',
      { channels: 'a', data, except: {} },
      '"except" must be a socket id, or a request with the header X-Socket-ID.',
    ],
    [
      'an empty socket id',
      { channels: 'a', data, except: '' },
      '"except" must be a socket id, or a request with the header X-Socket-ID.',
    ],
    [
      'a notification that is a text',
      { channels: 'a', data, notification: 'Hi' },
      '"notification" must be an object with a "title" or a "body".',
    ],
    [
      'a notification without a text',
      { channels: 'a', data, notification: { title: '', url: 'https://shop.example' } },
      '"notification" needs a "title" or a "body" that is not empty.',
    ],
    [
      'a notification with an unknown key',
      { channels: 'a', data, notification: { title: 'a', icon: 'b' } },
      '"notification" has no key "icon"; it has title, body, url, locale.',
    ],
    [
      'a title that is no text',
      { channels: 'a', data, notification: { title: 5 } },
      '"notification.title" must be a string, not a value of type number.',
    ],
    [
      "data that holds the notification's key",
      { channels: 'a', data: { notification: 1 }, notification: { title: 'a' } },
      '"data" has a key "notification", and the notification goes under that key: rename the one in "data".',
    ],
  ])('%s', async (_what, options, words) => {
    expect(await refusal(options)).toBe(words);
  });

  test.each(['delay', 'when', 'tag', 'relatedTo'])('%s needs a message store', async (option) => {
    expect(await refusal({ channels: 'a', data, [option]: 'x' })).toMatch(
      new RegExp(`^send\\(\\) has no option "${option}": it needs a message store`),
    );
  });

  test('idempotencyKey, where the backend cannot use one', async () => {
    expect(await refusal({ channels: 'a', data, idempotencyKey: 'x' }, UnsupportedOperationError)).toBe(
      'The recording backend does not drop a second message with the same "idempotencyKey": send without it, or set "messages" in PUSH_SERVER, a message store.',
    );
  });

  test('except, where the backend cannot leave one connection out', async () => {
    expect(await refusal({ channels: 'a', data, except: '1.2' }, UnsupportedOperationError)).toBe(
      'The recording backend does not support "except": leave it out.',
    );
  });

  test('options that the backend does not know', async () => {
    backend.checkMessage = () => {
      throw new ValidationError('no such option');
    };
    expect(await refusal({ channels: 'a', data, backendOptions: { ttl: 5 } })).toBe('no such option');
  });

  test('a signal that has fired', async () => {
    const reason = new Error('enough');
    const error = await failureOf(AbortError, service.send({ channels: 'a', data, signal: AbortSignal.abort(reason) }));
    expect(error.message).toBe('The signal fired before anything was sent.');
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORTED', cause: reason, outcome: 'rejected' });
    expect(backend.requests).toEqual([]);
  });
});
