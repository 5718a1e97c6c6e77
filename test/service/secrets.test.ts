import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  AuthenticationError,
  type BackendSettings,
  createPushService,
  DeliveryError,
  type PushService,
  RateLimitError,
} from '../../src/index.js';
import { everythingShown } from '../support/everything-shown.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

const secretKey = 'open/sesame "now"';
const authToken = 'tok-123456789';
const encryptionKey = 'a2V5LWtleS1rZXk';
const redisPassword = 'redis-pass-word';

const settings = {
  appId: 'app-id',
  pubKey: 'public-key',
  secretKey,
  options: {
    authToken,
    nested: [{ encryptionMasterKeyBase64: encryptionKey }],
    redis: `redis://user:${redisPassword}@localhost:6379`,
    cluster: 'eu',
  },
};

/** Each secret as it is, and as it reads in JSON and in an address. */
const hidden = [secretKey, authToken, encryptionKey, redisPassword].flatMap((secret) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
]);

function expectNoSecret(value: unknown): void {
  const shown = everythingShown(value);
  for (const secret of hidden) expect(shown).not.toContain(secret);
}

function start(): { push: PushService; backend: RecordingBackend; logger: RecordingLogger } {
  const backend = new RecordingBackend({ maxChannelsPerRequest: 10 }, settings);
  const logger = new RecordingLogger();
  return { push: createPushService({ backend, logger, retries: 0 }), backend, logger };
}

describe('secrets do not show', () => {
  test('in the service, its backend and its channels', () => {
    const { push, backend } = start();
    Object.assign(backend, { api: { key: secretKey, headers: { authorization: authToken } } });
    for (const value of [push, { push }, backend, [backend], push.channel('a')]) expectNoSecret(value);
    expect(JSON.parse(JSON.stringify(push))).toEqual({
      backend: {
        backend: 'recording',
        appId: 'app-id',
        pubKey: 'public-key',
        secretKey: '[secret]',
        options: {
          authToken: '[secret]',
          nested: [{ encryptionMasterKeyBase64: '[secret]' }],
          redis: 'redis://user:[secret]@localhost:6379',
          cluster: 'eu',
        },
      },
    });
  });

  test('in the embedded server', () => {
    const push = createPushService({
      backend: 'websocket',
      appId: 'app-id',
      pubKey: 'public-key',
      secretKey,
      options: { apps: [{ appId: 'b', pubKey: 'c', secretKey: authToken }] },
    });
    for (const value of [push, push.backend]) expectNoSecret(value);
  });

  const withOwnProperty = Object.assign(new Error('request failed'), {
    config: { headers: { Authorization: `Bearer ${authToken}` } },
  });
  const withStack = new Error('request failed');
  withStack.stack = `Error: request failed\n    at https://x:${encodeURIComponent(secretKey)}@host/file.js:1:1`;
  const withSymbol = Object.assign(new Error('request failed'), { [Symbol('request')]: { key: secretKey } });
  const withMap = Object.assign(new Error('request failed'), {
    headers: new Map([['x-key', encryptionKey]]),
    more: new Set([redisPassword]),
    sent: new Headers({ key: authToken }),
  });
  const circular: Error & { self?: unknown; config?: unknown } = new Error('request failed');
  circular.self = circular;
  circular.config = { body: JSON.stringify({ secretKey }) };
  class SdkError extends Error {
    override name = 'SdkError';
    readonly request = { url: `https://host/?key=${encodeURIComponent(secretKey)}` };
  }

  test.each<[string, unknown]>([
    ['in its message', new Error(`wrong key ${secretKey}`)],
    ['in its stack', withStack],
    ['in its cause', new Error('outer', { cause: new Error('inner', { cause: new Error(authToken) }) })],
    ['in a property', withOwnProperty],
    ['under a symbol', withSymbol],
    ['in a map, a set and headers', withMap],
    ['in a cycle, within JSON', circular],
    ['in a class of its own', new SdkError('request failed')],
    ['in errors that it gathers', new AggregateError([new Error(secretKey), new Error('b')], 'both failed')],
    ['being a text', `wrong key ${secretKey}`],
    ['being an object', { message: `wrong key ${secretKey}`, key: authToken }],
    ["in a PushError's message", new AuthenticationError(`refused ${secretKey}`)],
    ["in a PushError's cause", new AuthenticationError('refused', { cause: withOwnProperty })],
    ["in a PushError's own field", Object.assign(new RateLimitError('slow down'), { request: { secretKey } })],
  ])('when a backend throws an error that holds one %s', async (_where, thrown) => {
    const { push, backend, logger } = start();
    backend.answer = () => {
      throw thrown;
    };
    expectNoSecret(await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 })));
    backend.answer = ({ channels }) =>
      channels.map((channel) => (channel === 'b' ? { channel } : { channel, error: thrown }));
    expectNoSecret(await push.send({ channels: ['a', 'b'], data: 1 }));
    backend.subscribe = () => Promise.reject(thrown);
    expectNoSecret(await failureOf(Error, push.subscribe('a')));
    backend.close = () => Promise.reject(thrown);
    expectNoSecret(await failureOf(Error, push.close()));
    backend.open = () => Promise.reject(thrown);
    push.configure({ backend, logger });
    expectNoSecret(await failureOf(Error, push.ready()));
    expect(logger.entries.length).toBeGreaterThan(0);
    expectNoSecret(logger.entries);
  });

  test('when the session look-up fails', async () => {
    const backend = new RecordingBackend({}, settings);
    const push = createPushService({
      backend,
      sessions: {
        channelsFor: () => Promise.reject(new Error(`cannot reach redis://user:${redisPassword}@localhost:6379`)),
      },
    });
    const error = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
    expectNoSecret(error);
    expect(error.message).toBe(
      "Nothing was sent, because the users' sessions could not be looked up: cannot reach redis://user:[secret]@localhost:6379",
    );
    expect(error).toMatchObject({ outcome: 'rejected', report: undefined });
    expect(backend.requests).toEqual([]);
  });

  test('when a class refuses its settings', async () => {
    class Refusing extends RecordingBackend {
      constructor(given: BackendSettings<object>) {
        super({}, given);
        throw Object.assign(new Error(`bad key ${this.secretKey}`), { given });
      }
    }
    const error = await failureOf(Error, () => createPushService({ backend: Refusing, secretKey }));
    expectNoSecret(error);
    expect(error.message).toBe('The Refusing backend refused its settings: bad key [secret]');
  });
});

test('an error that holds no secret is the cause as it was thrown', async () => {
  const { push, backend } = start();
  const thrown = withoutSecret();
  backend.answer = () => {
    throw thrown;
  };
  const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
  expect((error.cause as Error).cause).toBe(thrown);
});

function withoutSecret(): Error {
  return Object.assign(new Error('refused', { cause: new Error('inner') }), {
    status: 418,
    buffer: new Uint8Array(1_000_000),
  });
}

test('a PushError keeps its class and fields when a secret is taken out of it', async () => {
  const { push, backend } = start();
  backend.answer = () => {
    throw new RateLimitError(`${secretKey} may send again in a day`, { retryAfter: 86_400_000, status: 429 });
  };
  const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
  expect(error.cause).toBeInstanceOf(RateLimitError);
  expect(error.cause).toMatchObject({
    name: 'RateLimitError',
    message: '[secret] may send again in a day',
    retryAfter: 86_400_000,
    status: 429,
    code: 'RATE_LIMIT',
  });
});

test('a service shows its backend and settings when it is printed', async () => {
  const push = createPushService({ backend: 'console' });
  expect(inspect(push)).toBe("{ PushService: { backend: { backend: 'console' } } }");
  await push.close();
});
