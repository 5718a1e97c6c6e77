import { describe, expect, it, onTestFinished } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { createPushService, type PushService, type SignInRequest, ValidationError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';

const socketId = '1234.1234';

function service(): PushService<WebSocketService> {
  const push = createPushService({ backend: 'websocket', appId: 'app', pubKey: 'key', secretKey: 'secret' });
  onTestFinished(() => push.close());
  return push;
}

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

describe('a sign-in with details', () => {
  it('has them beside the id, as the protocol names them', async () => {
    const request = { socketId, user: { id: 7, password: 'hash' }, info: { name: 'Ann' }, watchlist: ['ben', 42, 43n] };
    const { user_data: userData } = await service().authenticateUser(request);
    expect(JSON.parse(userData)).toEqual({ id: '7', user_info: { name: 'Ann' }, watchlist: ['ben', '42', '43'] });
  });

  it('has an empty watch list, but none that is left out', async () => {
    const push = service();
    const some = await push.authenticateUser({ socketId, user: 'ann', watchlist: [] });
    const none = await push.authenticateUser({ socketId, user: 'ann', watchlist: undefined, info: undefined });
    expect([some.user_data, none.user_data]).toEqual(['{"id":"ann","watchlist":[]}', '{"id":"ann"}']);
  });

  it('may watch more users than a server takes, which is the server to say', async () => {
    const watchlist = Array.from({ length: 101 }, (_, index) => index);
    const { user_data: userData } = await service().authenticateUser({ socketId, user: 'ann', watchlist });
    expect(JSON.parse(userData).watchlist).toHaveLength(101);
  });

  it.each<[string, object, RegExp]>([
    ['a text as watch list', { watchlist: 'ben' }, /the "watchlist" must be a list of user ids/],
    ['users in place of their ids', { watchlist: ['ben', { id: 'cat' }] }, /"watchlist.1" is no user id/],
    ['an empty id', { watchlist: [''] }, /"watchlist.0" is no user id/],
    ['an id that is too long', { watchlist: ['x'.repeat(129)] }, /1 to 128 characters/],
    ['info that JSON cannot hold', { info: cyclic }, /the data of the user cannot be written as JSON/],
  ])('is refused with %s', async (_what, details, reason) => {
    const request = { socketId, user: 'ann', ...details } as SignInRequest;
    const error = await failureOf(ValidationError, service().authenticateUser(request));
    expect(error.message).toMatch(reason);
    expect(error.message).toMatch(/^Nothing was authorised: /);
  });
});

it('a backend that signs a user in directly takes numbers in a watch list, and nothing else', () => {
  const { backend } = service();
  const { user_data: userData } = backend.authenticateUser(socketId, { id: 1, watchlist: [2, '3'] });
  expect(userData).toBe('{"id":"1","watchlist":["2","3"]}');
  expect(() => backend.authenticateUser(socketId, { id: '1', watchlist: [{}] as never })).toThrow(ValidationError);
  expect(() => backend.authenticateUser(socketId, { id: '1', watchlist: 'ben' as never })).toThrow(ValidationError);
});

it('a member whose info JSON cannot hold is a ValidationError too', async () => {
  const push = service();
  for (const info of [cyclic, 1n]) {
    const error = await failureOf(ValidationError, push.channel('presence-a').authorize(socketId, { id: '1', info }));
    expect(error.message).toBe('Nothing was authorised: the data of the member cannot be written as JSON.');
  }
});
