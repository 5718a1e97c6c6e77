import { describe, expect, test, vi } from 'vitest';
import { retryAfterMs } from '../../../src/backends/sdk/answer-error.js';

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['2', 2000],
    [' 1.5 ', 1500],
    ['-5', 0],
    ['', undefined],
    ['soon', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('%j is %s milliseconds', (header, ms) => {
    expect(retryAfterMs(header)).toBe(ms);
  });

  test('a date is the time until then, and no time once it has passed', () => {
    vi.useFakeTimers({ now: Date.parse('2026-11-22T10:00:00Z') });
    expect(retryAfterMs('Sun, 22 Nov 2026 10:00:07 GMT')).toBe(7000);
    expect(retryAfterMs('Sun, 22 Nov 2026 09:00:00 GMT')).toBe(0);
    vi.useRealTimers();
  });
});
