import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigurationError, createPushService, UnsupportedOperationError } from '../../../src/index.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const appId = 'b2f7f966-d8cc-41e4-bed1-df8f05be55ba';

describe("a user's token for OneSignal", () => {
  it('is what a library for JWTs takes, names the application and the user, and ends in time', async () => {
    const { push, service } = await start(onTestFinished, {
      options: { identityPrivateKey: pem, identityTokenTtlMinutes: 5 },
    });
    expect(service.authenticateUser('', { id: 7 }).user_data).toBe('{"id":"7"}');
    const { auth, user_data: userData } = await push.authenticateUser({ user: { id: 7 } });
    expect(userData).toBe('{"id":"7"}');
    const { payload, protectedHeader } = await jwtVerify(auth, publicKey, {
      issuer: service.appId,
      algorithms: ['ES256'],
    });
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT' });
    expect(payload['identity']).toEqual({ external_id: '7' });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(5 * 60);
  });

  it.each([
    ['with line ends written out, as environment variables hold them', pem.replaceAll('\n', '\\n')],
    ['in the older form', privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
  ])('is signed by a key %s', async (_, identityPrivateKey) => {
    const { push } = await start(onTestFinished, { options: { identityPrivateKey } });
    const { auth } = await push.authenticateUser({ user: 'ann' });
    await expect(jwtVerify(auth, publicKey)).resolves.toBeDefined();
  });

  it('is not made without a key', async () => {
    const { push, service } = await start(onTestFinished);
    expect(service.capabilities.authenticate).toBe(false);
    const error = await failureOf(UnsupportedOperationError, push.authenticateUser({ user: 'ann' }));
    expect(error.message).toMatch(/set the option "identityPrivateKey"/);
  });

  it.each([
    ['no key', 'a text that is no key at all but long enough to be found in what is shown'],
    ['a public key', publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    [
      'a key of another curve',
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
    [
      'an RSA key',
      generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
    ],
  ])('%s is refused, and not shown', async (_, identityPrivateKey) => {
    const settings = {
      backend: 'onesignal',
      appId,
      secretKey: 'rest-api-key',
      options: { identityPrivateKey },
    } as const;
    const error = await failureOf(ConfigurationError, () => createPushService(settings));
    expect(error.message).toMatch(
      /"identityPrivateKey" must be a private key on the curve P-256, as a PEM text, found a string/,
    );
    expect(everythingShown(error)).not.toContain(identityPrivateKey.slice(30, 60));
  });

  it('does not show its key when the service is printed', async () => {
    const { push } = await start(onTestFinished, { options: { identityPrivateKey: pem } });
    expect(everythingShown(push)).not.toContain(pem.slice(30, 60));
    expect(everythingShown(push.backend)).not.toContain(pem.slice(30, 60));
  });
});
