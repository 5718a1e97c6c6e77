import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OneSignalService } from '../../../src/backends/onesignal/index.js';
import { PubNubService } from '../../../src/backends/pubnub/index.js';
import { PusherService } from '../../../src/backends/pusher/index.js';
import { RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import { hideTexts } from '../../../src/backends/sdk/hidden-secrets.js';
import { WebSocketService } from '../../../src/backends/websocket/index.js';
import { type AnyBackend, createPushService } from '../../../src/index.js';
import { startOneSignalProvider } from '../../providers/onesignal-provider.js';
import { startPubNubProvider } from '../../providers/pubnub-provider.js';
import { startPusherProvider } from '../../providers/pusher-provider.js';
import { sdkVersions } from '../pubnub/support/sdk-versions.js';

const keys = { appId: '12345', pubKey: '278d425bdf160c739803', subKey: 'sub-c', secretKey: 'keep-this-to-yourself' };
const masterKey = Buffer.from('0123456789abcdef0123456789ABCDEF');
const cipherKey = 'the-cipher-key';
const authKey = 'the-auth-key';
const token = 'qEF2AkF0GmFV5AFDdHRsAUN';
const secrets = [keys.secretKey, masterKey.toString('base64'), masterKey.toString(), cipherKey, authKey, token];
/** The first bytes of the master key, as `inspect` prints them. */
const bytes = '30 31 32 33 34 35 36 37';

const backends: readonly [string, () => AnyBackend][] = [
  [
    'pusher',
    () => new PusherService({ ...keys, options: { encryptionMasterKeyBase64: masterKey.toString('base64') } }),
  ],
  ...sdkVersions.flatMap(({ version, PubNub }): [string, () => AnyBackend][] => [
    [`pubnub ${version}`, () => new PubNubService({ ...keys, options: { PubNub, cipherKey, authKey } })],
    [
      `pubnub ${version} with a token and the older encryption`,
      () => new PubNubService({ ...keys, options: { PubNub, cipherKey, cryptor: 'legacy', token } }),
    ],
  ]),
  ['onesignal', () => new OneSignalService({ ...keys, appId: 'b2f7f966-d8cc-41e4-bed1-df8f05be55ba' })],
  ['websocket', () => new WebSocketService(keys)],
  ['a remote websocket', () => new RemoteWebSocketService(keys)],
];

/** What `console.dir` prints: it asks no object how it wants to be shown. */
function printedByDir(value: unknown): string {
  let text = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  new Console({ stdout }).dir(value, { depth: 20, showHidden: true });
  return text;
}

describe.each(backends)('%s', (_name, build) => {
  test.each<[string, (value: unknown) => string]>([
    ['inspect', (value) => inspect(value, { depth: 20 })],
    ['inspect with showHidden', (value) => inspect(value, { depth: 20, showHidden: true })],
    ['console.dir', printedByDir],
    ['JSON.stringify', (value) => JSON.stringify(value) ?? ''],
  ])('shows no secret in its client, itself and its service to %s', async (_how, shown) => {
    const backend = build();
    const push = createPushService({ backend });
    onTestFinished(() => push.close());
    for (const text of [backend.api, backend, push].map(shown)) {
      for (const secret of [...secrets, bytes]) expect(text).not.toContain(secret);
    }
  });
});

describe('a client whose secrets are hidden', () => {
  test('still signs and encrypts, with pusher', async () => {
    const provider = await startPusherProvider();
    onTestFinished(() => provider.close());
    const push = createPushService(provider.settings);
    onTestFinished(() => push.close());
    const channels = ['news', 'private-encrypted-news'];
    expect((await push.send({ channels, data: 1 })).accepted).toEqual(channels);
  });

  test.each(sdkVersions)('still signs, with pubnub $version', async ({ PubNub }) => {
    const provider = await startPubNubProvider();
    onTestFinished(() => provider.close());
    const { options, ...settings } = provider.settings;
    const push = createPushService({ ...settings, options: { ...options, PubNub, cipherKey } });
    onTestFinished(() => push.close());
    expect((await push.send({ channels: 'news', data: 1 })).status).toBe('accepted');
    expect(await push.channel('news').authorize('ann')).toMatchObject({ auth: expect.any(String) });
  });

  test('still authenticates, with onesignal', async () => {
    const provider = await startOneSignalProvider();
    onTestFinished(() => provider.close());
    const push = createPushService(provider.settings);
    onTestFinished(() => push.close());
    expect((await push.send({ channels: 'ann', data: 1 })).status).toBe('accepted');
  });
});

test('a hidden text can be read, set and copied as before, wherever it is', () => {
  const inner: Record<string, unknown> = { key: 'secret', other: 'public' };
  const root = { list: [inner], self: {} };
  root.self = root;
  hideTexts(root, new Set(['secret']));
  expect(inspect(root, { depth: 9, showHidden: true })).not.toContain("'secret'");
  expect({ ...inner }).toEqual({ key: 'secret', other: 'public' });
  inner['key'] = 'another secret';
  expect(inner['key']).toBe('another secret');
  expect(inspect(root, { depth: 9, showHidden: true })).not.toContain('another secret');
});
