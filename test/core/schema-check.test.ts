import { describe, expect, test } from 'vitest';
import { didYouMean, nearest } from '../../src/core/schema-check.js';

const known = ['channels', 'users', 'event', 'timeout', 'tag'];

describe('the nearest known name', () => {
  test.each([
    ['chanels', 'channels'],
    ['channel', 'channels'],
    ['Channels', 'channels'],
    ['hcannels', 'channels'],
    ['user', 'users'],
    ['evnet', 'event'],
    ['timeuot', 'timeout'],
    ['tga', 'tag'],
  ])('of %s is %s', (name, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });

  test.each(['to', 'x', '', 'whatsoever', 'z'.repeat(100_000)])('is none where nothing is close', (name) => {
    expect(nearest(name, known)).toBeUndefined();
  });
});

test('the error names the nearest name, or all of them', () => {
  expect(didYouMean('evnet', known)).toBe('; did you mean "event"?');
  expect(didYouMean('colour', known)).toBe('; known are channels, users, event, timeout, tag.');
  expect(didYouMean('colour', [])).toBe('.');
});
