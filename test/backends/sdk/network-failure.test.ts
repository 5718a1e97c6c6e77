import { describe, expect, test } from 'vitest';
import { networkFailure } from '../../../src/backends/sdk/network-failure.js';
import { everythingShown } from '../../support/everything-shown.js';

const secret = 'the-secret';

function failureOf(error: unknown) {
  const redact = (text: string): string => text.replaceAll(secret, '[secret]');
  return networkFailure({ backend: 'acme', provider: 'Acme', origin: 'https://acme.example', error, redact });
}

function failed(code: string, message = 'it failed'): Error {
  return Object.assign(new Error(message), { code });
}

describe('a failure of the network', () => {
  test.each([
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', 'rejected', true],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND acme.example', 'rejected', true],
    ['ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:443', 'rejected', true],
    ['ETIMEDOUT', 'read ETIMEDOUT', 'unknown', true],
    ['ECONNRESET', 'Client network socket disconnected before secure TLS connection was established', 'rejected', true],
    ['ECONNRESET', 'socket hang up', 'unknown', true],
    ['EPIPE', 'write EPIPE', 'unknown', true],
    ['ERR_STREAM_PREMATURE_CLOSE', 'Premature close', 'unknown', true],
    ['HPE_INVALID_CONSTANT', 'Parse Error: Expected HTTP/', 'unknown', true],
    ['CERT_HAS_EXPIRED', 'certificate has expired', 'rejected', false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', 'rejected', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname does not match', 'rejected', false],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number', 'rejected', false],
    ['ERR_SSL_BAD_RECORD_TYPE', 'bad record type', 'unknown', true],
    ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'bad record mac', 'unknown', true],
    ['EPROTO', 'wrong version number', 'rejected', false],
  ])('%s (%s) is %s, retryable: %s', (code, message, outcome, retryable) => {
    const failure = failureOf(failed(code, message));
    expect(failure).toMatchObject({ backend: 'acme', outcome, retryable, cause: { code, message } });
    expect(failure?.message).toContain('Acme at https://acme.example');
    expect(failure?.message).toContain(code);
  });

  test.each([
    { error: failed('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1') },
    new Error('outer', { cause: failed('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1') }),
    { cause: { error: failed('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1') } },
  ])('is found within the error of an SDK', (error) => {
    expect(failureOf(error)).toMatchObject({
      outcome: 'rejected',
      cause: { message: 'connect ECONNREFUSED 127.0.0.1:1' },
    });
  });

  test.each([
    `request to https://acme.example/x?auth_signature=abc&y=${secret} failed, reason: socket hang up`,
    'Invalid response body while trying to fetch https://acme.example:444/x?auth_signature=abc: aborted',
    `socket hang up ${secret}`,
  ])('shows nothing of the request: %s', (message) => {
    const failure = failureOf(failed('ECONNRESET', message));
    const shown = everythingShown(failure);
    expect(shown).not.toContain('auth_signature');
    expect(shown).not.toContain(secret);
    expect(shown).toMatch(/socket hang up|aborted/);
  });

  test.each([new Error('a bug'), 'text', null, { code: 7 }, { error: {} }, failed('ERR_INVALID_PROTOCOL')])(
    'is not seen in %j',
    (error) => {
      expect(failureOf(error)).toBeUndefined();
    },
  );

  test('is not looked for without end', () => {
    const error: { error?: unknown } = {};
    error.error = error;
    expect(failureOf(error)).toBeUndefined();
  });
});
