import { expect, test } from 'vitest';
import { answerError } from '../../../src/backends/sdk/answer-error.js';
import { outcomeOf } from '../../../src/core/errors.js';

const answer = { backend: 'acme', provider: 'Acme', reason: 'no such app' };

test.each([
  [400, 'DeliveryError', 'rejected', false],
  [401, 'AuthenticationError', 'rejected', false],
  [403, 'AuthenticationError', 'rejected', false],
  [404, 'DeliveryError', 'rejected', false],
  [408, 'DeliveryError', 'rejected', true],
  [413, 'DeliveryError', 'rejected', false],
  [429, 'RateLimitError', 'rejected', true],
  [500, 'DeliveryError', 'unknown', true],
  [502, 'DeliveryError', 'unknown', true],
  [503, 'DeliveryError', 'rejected', true],
  [504, 'DeliveryError', 'unknown', true],
])('%i is a %s whose outcome is %s, retryable: %s', (status, name, outcome, retryable) => {
  const error = answerError({ ...answer, status });
  expect([error.name, outcomeOf(error), error.retryable, error.status, error.backend]).toEqual([
    name,
    outcome,
    retryable,
    status,
    'acme',
  ]);
  const hint = status === 401 ? ' (check the credentials in PUSH_SERVER)' : '';
  expect(error.message).toBe(`Acme answered ${status}: no such app${hint}`);
});

test.each([
  'Timestamp expired: Given timestamp (2026-01-02T03:04:05Z) not within 600s of server time',
  'The auth_timestamp is more than 600 s off',
])('a 401 that names the time is a matter of the clock: %s', (reason) => {
  expect(answerError({ ...answer, status: 401, reason }).message).toBe(
    `Acme answered 401: ${reason} (check this machine's clock: the request was made at another time than the server's)`,
  );
});

test('a provider that says when to come back is quoted in milliseconds', () => {
  expect(answerError({ ...answer, status: 429, retryAfter: '3' })).toMatchObject({ retryAfter: 3000 });
  expect(answerError({ ...answer, status: 429, retryAfter: null })).toMatchObject({ retryAfter: undefined });
});

test('a 503 is uncertain where the provider may have carried the request out', () => {
  const error = answerError({ ...answer, status: 503, isUnavailableUncertain: true });
  expect([outcomeOf(error), error.retryable]).toEqual(['unknown', true]);
});

test('a reason is quoted without the line break at its end', () => {
  expect(answerError({ ...answer, status: 400, reason: ' no such app\r\n' }).message).toBe(
    'Acme answered 400: no such app',
  );
});

test('a long answer is cut, and an empty one is called nothing', () => {
  expect(answerError({ ...answer, status: 400, reason: 'x'.repeat(10_000) }).message).toHaveLength(
    'Acme answered 400: '.length + 500,
  );
  expect(answerError({ ...answer, status: 400, reason: '' }).message).toBe('Acme answered 400: nothing');
});
