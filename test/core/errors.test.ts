import { expect, test } from 'vitest';
import {
  AbortError,
  AuthenticationError,
  ConfigurationError,
  DeliveryError,
  PushError,
  RateLimitError,
  TimeoutError,
  UnsupportedOperationError,
  ValidationError,
} from '../../src/index.js';
import { anotherCopy } from '../support/another-copy.js';

test.each([
  [new ConfigurationError('x'), 'ConfigurationError', 'CONFIGURATION', false],
  [new ValidationError('x'), 'ValidationError', 'VALIDATION', false],
  [new AuthenticationError('x'), 'AuthenticationError', 'AUTHENTICATION', false],
  [new RateLimitError('x'), 'RateLimitError', 'RATE_LIMIT', true],
  [new TimeoutError('x'), 'TimeoutError', 'TIMEOUT', true],
  [new UnsupportedOperationError('x'), 'UnsupportedOperationError', 'UNSUPPORTED_OPERATION', false],
  [new AbortError('x'), 'AbortError', 'ABORTED', false],
  [new DeliveryError('x', { outcome: 'unknown' }), 'DeliveryError', 'DELIVERY', false],
] as const)('%s is a PushError with a name, a code, and whether it may be retried', (error, name, code, retryable) => {
  expect(error).toBeInstanceOf(PushError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name, code, retryable, message: 'x', backend: undefined, status: undefined });
  expect(error.stack).toContain(`${name}: x`);
  expect('cause' in error).toBe(false);
});

test('details are kept', () => {
  const cause = new Error('inner');
  const error = new RateLimitError('slow down', { backend: 'pusher', status: 429, retryAfter: 1500, cause });
  expect(error).toMatchObject({ backend: 'pusher', status: 429, retryAfter: 1500, retryable: true, cause });
  expect(new RateLimitError('x', { retryable: false }).retryable).toBe(false);
  expect(new AbortError('x').outcome).toBe('rejected');
  expect(new TimeoutError('x').outcome).toBe('unknown');
  expect(new DeliveryError('x', { outcome: 'rejected' })).toMatchObject({ report: undefined, reports: [] });
});

test('an error is told by its class, also through the reason of a DeliveryError', async () => {
  const other = await anotherCopy();
  class OwnError extends DeliveryError {}
  const refused = new AuthenticationError('wrong key');
  const failed = new DeliveryError('no', { outcome: 'rejected', reason: refused });
  const outer = new DeliveryError('no', { outcome: 'rejected', reason: failed });
  for (const error of [refused, failed, outer]) {
    expect(PushError.is(error, AuthenticationError)).toBe(true);
    expect(PushError.is(error, other.AuthenticationError)).toBe(true);
    expect(other.PushError.is(error, AuthenticationError)).toBe(true);
    expect(PushError.is(error, PushError)).toBe(true);
    expect(PushError.is(error, other.PushError)).toBe(true);
    expect(PushError.is(error, RateLimitError)).toBe(false);
    expect(PushError.is(error, OwnError)).toBe(false);
  }
  expect([PushError.is(refused, DeliveryError), PushError.is(failed, DeliveryError)]).toEqual([false, true]);
  expect(PushError.is(new OwnError('x', { outcome: 'rejected' }), OwnError)).toBe(true);
  for (const value of [new Error('x'), undefined, 'x', { reason: refused }])
    expect(PushError.is(value, AuthenticationError)).toBe(false);
  const circle = new DeliveryError('no', { outcome: 'rejected', reason: failed });
  Reflect.set(circle, 'reason', circle);
  expect(PushError.is(circle, AuthenticationError)).toBe(false);
});

test('an error of another copy of the package is recognised, and nothing else', async () => {
  const other = await anotherCopy();
  const error = new other.RateLimitError('slow down');
  expect(error).not.toBeInstanceOf(PushError);
  expect([error, new PushError('x', 'DELIVERY')].every(PushError.isPushError)).toBe(true);
  expect([new Error('x'), { ...error }, 'x', null, undefined, 5, () => error].some(PushError.isPushError)).toBe(false);
});
