import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PubNubService } from '../../../src/backends/pubnub/index.js';
import { ConfigurationError, createPushService } from '../../../src/index.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { sdkVersions } from './support/sdk-versions.js';

const keys = { pubKey: 'pub-c-1', subKey: 'sub-c-1', secretKey: 'sec-c-0123456789' };
const secrets = { cipherKey: 'cipher-0123456789', authKey: 'auth-0123456789', token: 'token-0123456789' };

describe('the settings of the pubnub backend', () => {
  it.each([
    [{ origin: 'https://ps.pndsn.com' }, /"origin" must be a host/],
    [{ origin: 'ps.pndsn.com/path' }, /"origin" must be a host/],
    [{ userId: ' ' }, /"userId" must be a string of 1 to 92/],
    [{ userId: 'x'.repeat(93) }, /"userId"/],
    [{ cipherKey: '' }, /"cipherKey" must not be empty/],
    [{ cryptor: 'rot13' }, /"cryptor"/],
    [{ ttl: -1 }, /"ttl" must be at least 0/],
    [{ maxMessageBytes: 32_769 }, /"maxMessageBytes" must be at most 32768/],
    [{ maxSockets: 1 }, /"maxSockets" must be at least 2/],
    [{ requestTimeoutMs: 0 }, /"requestTimeoutMs"/],
    [{ longPollSeconds: 0.5 }, /"longPollSeconds" must be an integer/],
    [{ PubNub: 'pubnub' }, /"PubNub" must be the class/],
    [{ PubNub: { default: {} } }, /"PubNub" must be the class/],
    [{ userid: 'x' }, /unknown key "userid" \(did you mean "userId"\?\)/],
  ])('are refused: %j', async (options, says) => {
    const failure = await failureOf(
      ConfigurationError,
      () => new PubNubService({ ...keys, options: options as never }),
    );
    expect(failure.message).toMatch(says);
  });

  it('need the publish key and the subscribe key', async () => {
    const failure = await failureOf(ConfigurationError, () => new PubNubService({ secretKey: 'x' }));
    expect(failure.message).toMatch(/"pubKey", "subKey"/);
  });

  it('refuse an SDK that is built otherwise', async () => {
    const PubNub = Object.assign(class {}, { NoneRetryPolicy: () => ({}) });
    const failure = await failureOf(ConfigurationError, () => new PubNubService({ ...keys, options: { PubNub } }));
    expect(failure.message).toMatch(/does not know this version of the package "pubnub"/);
  });

  it('can be a DSN', () => {
    const push = createPushService('pubnub://pub-c-1:sec-c-0123456789@sub-c-1?userId=server-7');
    expect(push.backend).toBeInstanceOf(PubNubService);
    expect(push.backend).toMatchObject({ pubKey: 'pub-c-1', subKey: 'sub-c-1', options: { userId: 'server-7' } });
  });

  it('tell what the backend can do', () => {
    const { capabilities } = new PubNubService(keys);
    expect(capabilities).toMatchObject({
      maxChannelsPerRequest: 1,
      maxMessagesPerRequest: 1,
      maxPayloadBytes: 30_000,
      subscribe: true,
      presence: true,
      authorize: true,
      authenticate: false,
      idempotent: false,
      except: false,
    });
  });

  it('give a page what it needs to subscribe, and not the publish key', async () => {
    const push = createPushService({ backend: 'pubnub', ...keys, options: secrets });
    expect(await push.clientConfig()).toEqual({
      backend: 'pubnub',
      channels: [],
      subscribeKey: 'sub-c-1',
      origin: 'ps.pndsn.com',
      useTLS: true,
    });
  });

  it.each(sdkVersions)('show no secret, nor does the client of version $version', ({ PubNub }) => {
    const backend = new PubNubService({ ...keys, options: { ...secrets, PubNub } });
    const push = createPushService({ backend });
    const shown = [backend, push, { push }, backend.api].map(everythingShown).join('\n');
    for (const secret of [keys.secretKey, ...Object.values(secrets)]) expect(shown).not.toContain(secret);
    expect(inspect(backend)).toContain('[secret]');
    expect(backend.redact(`auth=abc&x=1 ${secrets.cipherKey}`)).toBe('auth=[secret]&x=1 [secret]');
    expect(backend.redact(secrets.token)).toBe('[secret]');
  });
});
