import { describe, expect, test } from 'vitest';
import {
  ConfigurationError,
  createPushService,
  memorySessions,
  type PushService,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

const secretKey = 'open-sesame';
const options = { authToken: 'tok-123456789', cluster: 'eu' };

function publishing(config: () => Record<string, unknown>): PushService {
  const backend = new RecordingBackend({}, { appId: 'app', pubKey: 'key', secretKey, options });
  backend.clientConfig = config;
  return createPushService({ backend });
}

describe('clientConfig', () => {
  test('names the backend and no channels unless it is told for whom', async () => {
    expect(await publishing(() => ({ key: 'key' })).clientConfig()).toEqual({
      backend: 'recording',
      channels: [],
      key: 'key',
    });
  });

  test('of a user holds the channels of every session, of a session its own', async () => {
    const sessions = memorySessions();
    const session = await sessions.add('ann', 'phone');
    await sessions.add({ id: 'ann' }, 'desk');
    const push = createPushService({ backend: new RecordingBackend(), sessions });
    expect(await push.clientConfig({ user: 'ann' })).toMatchObject({ channels: ['phone', 'desk'] });
    expect(await push.clientConfig({ user: { id: 'ann' } })).toMatchObject({ channels: ['phone', 'desk'] });
    expect(await push.clientConfig({ session })).toMatchObject({ channels: ['phone'], userId: 'ann' });
    expect(await push.clientConfig({ session: { channelId: 'tablet' } })).not.toHaveProperty('userId');
    expect(await push.clientConfig({ user: 'ann', session: undefined })).toMatchObject({ channels: ['phone', 'desk'] });
    expect(await push.clientConfig({ user: undefined, session })).toMatchObject({ channels: ['phone'] });
    expect(await push.clientConfig({ user: 'nobody' })).toMatchObject({ channels: [] });
  });

  test('of a user with a "channelId" of its own holds the channels of that user', async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'phone');
    const push = createPushService({ backend: new RecordingBackend(), sessions });
    const user = { id: 'ann', channelId: 'something else' };
    expect(await push.clientConfig({ user })).toMatchObject({ channels: ['phone'], userId: 'ann' });
  });

  test.each<[string, unknown, string]>([
    ['a user by itself', 'ann', 'a value of type string'],
    ['an object for a user', { id: 'ann' }, 'the unknown key "id"'],
    ['a session by itself', { channelId: 'phone', userId: 'ann' }, 'the unknown key "channelId"'],
    ['both', { user: 'ann', session: { channelId: 'phone' } }, 'both a "user" and a "session"'],
    ['two that are missing', { user: undefined, session: undefined }, 'a "user" that is undefined'],
    ['neither', {}, 'neither a "user" nor a "session"'],
    ['a key that it does not know', { user: 'ann', sesion: 1 }, 'the unknown key "sesion"'],
    ['null', null, 'null'],
    ['a user who is missing', { user: undefined }, 'a "user" that is undefined'],
    ['no user', { user: null }, 'a "user" that is null'],
    ['a session that is missing', { session: undefined }, 'a "session" that is undefined'],
    ['no session', { session: null }, 'a "session" that is null'],
    ['the id of a session', { session: 'phone' }, 'a "session" without a "channelId"'],
    ['a session without a channel', { session: { channelId: '' } }, 'a "session" without a "channelId"'],
  ])('refuses %s, and says what to write', async (_what, wrong, found) => {
    const push = createPushService({ backend: new RecordingBackend() });
    const error = await failureOf(ValidationError, push.clientConfig(wrong as never));
    expect(error.message).toBe(
      `clientConfig() got ${found}. Write clientConfig({ user }) or clientConfig({ session }).`,
    );
  });

  test('waits until the backend is open, so that a port is known', async () => {
    const backend = new RecordingBackend();
    let port = 0;
    backend.open = async () => {
      await new Promise(setImmediate);
      port = 6001;
    };
    backend.clientConfig = () => ({ port });
    expect(await createPushService({ backend }).clientConfig()).toMatchObject({ port: 6001 });
  });

  test("cannot be given another backend's name or other channels by the backend", async () => {
    expect(await publishing(() => ({ backend: 'other', channels: ['spy'] })).clientConfig()).toEqual({
      backend: 'recording',
      channels: [],
    });
  });

  test('of the built-in backends holds no secret', async () => {
    const settings = {
      appId: 'app',
      pubKey: 'key',
      secretKey,
      options: { apps: [{ appId: 'b', pubKey: 'c', secretKey: 'another-secret' }] },
    };
    for (const push of [
      createPushService({ backend: 'websocket', ...settings }),
      createPushService({ backend: 'console', secretKey }),
    ]) {
      const text = JSON.stringify(await push.clientConfig());
      expect(text).not.toContain(secretKey);
      expect(text).not.toContain('another-secret');
      await push.close();
    }
  });
});

describe('a backend that would publish a secret is refused', () => {
  class Hiding {
    readonly #token = options.authToken;
    toJSON(): object {
      return { token: this.#token };
    }
  }

  test.each<[string, string, Record<string, unknown>]>([
    ['as it is', 'key', { key: secretKey }],
    ['within a text', 'host', { host: `https://key:${secretKey}@host` }],
    ['with all its options', 'options', { options }],
    ['deep down', 'driver', { driver: { list: [{ headers: [`Bearer ${options.authToken}`] }] } }],
    [
      'through a getter',
      'lazy',
      {
        lazy: {
          get token() {
            return options.authToken;
          },
        },
      },
    ],
    ['through toJSON', 'hiding', { hiding: new Hiding() }],
    ['within JSON', 'json', { json: JSON.stringify({ secretKey }) }],
    ['as a key', 'map', { map: { [secretKey]: true } }],
  ])('%s', async (_how, key, config) => {
    const error = await failureOf(ConfigurationError, publishing(() => config).clientConfig());
    expect(error.message).toBe(`clientConfig() would publish a secret: the recording backend has one in "${key}".`);
  });

  test('also when the secret is a channel of the user', async () => {
    const push = createPushService({
      backend: new RecordingBackend({}, { secretKey }),
      sessions: { channelsFor: async () => [[secretKey]] },
    });
    await failureOf(ConfigurationError, push.clientConfig({ user: 'ann' }));
  });
});
