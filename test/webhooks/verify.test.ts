import { describe, expect, it } from 'vitest';
import { AuthenticationError } from '../../src/core/errors.js';
import { checkSecret, isSecret } from '../../src/webhooks/verify.js';
import { failureOf } from '../support/failure-of.js';

const secret = 'a-secret-of-sixteen';
const next = 'the-one-that-follows';

function check(authorization: string | null, secrets: string | readonly string[] = secret): void {
  checkSecret({ get: () => authorization }, secrets, 'pubnub');
}

describe('a webhook with a secret in its header', () => {
  it.each([secret, `Bearer ${secret}`, `bearer  ${secret}`])('is taken: %s', (authorization) => {
    expect(check(authorization)).toBeUndefined();
  });

  it('is taken for each of several', () => {
    expect([check(secret, [secret, next]), check(next, [secret, next])]).toEqual([undefined, undefined]);
  });

  it.each([next, '', 'Bearer', `Basic ${secret}`, `${secret} `, `${secret}x`, secret.slice(1), secret.toUpperCase()])(
    'is refused for any other: %s',
    async (authorization) => {
      const failure = await failureOf(AuthenticationError, () => check(authorization));
      expect([failure.message, failure.backend]).toEqual([
        'The Authorization header of the webhook does not match the option "webhookSecret".',
        'pubnub',
      ]);
    },
  );

  it('is refused without the header, saying what to do', async () => {
    const failure = await failureOf(AuthenticationError, () => check(null));
    expect(failure.message).toMatch(
      /^The webhook has no Authorization header: make the provider send "Authorization: /,
    );
  });
});

it.each([
  [secret, true],
  ['fifteen-letters', false],
  ['sixteen-letters-', true],
  ['with a space in it', false],
  ['with-é-in-it-somewhere', false],
  [16, false],
  [undefined, false],
])('whether %j is a secret: %s', (value, is) => {
  expect(isSecret(value)).toBe(is);
});
