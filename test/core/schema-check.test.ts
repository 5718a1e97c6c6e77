import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { didYouMean, nearest, settingsCheck } from '../../src/core/schema-check.js';

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

describe('a misspelt key', () => {
  const check = settingsCheck('The options', () =>
    z.strictObject({
      timeout: z.number().optional(),
      apps: z.array(z.strictObject({ name: z.string().optional(), port: z.number().default(1) })).optional(),
      texts: z.record(z.string(), z.strictObject({ title: z.string() })).optional(),
    }),
  );

  test.each([
    [{ tiemout: 1 }, '"tiemout" (did you mean "timeout"?)'],
    [{ apps: [{}, { nmae: 'x' }] }, '"apps.1.nmae" (did you mean "name"?)'],
    [{ apps: [{ tiemout: 1 }] }, '"apps.0.tiemout" (known are name, port)'],
    [{ texts: { en: { title: 'x', titel: 'x' } } }, '"texts.en.titel" (did you mean "title"?)'],
  ])('is compared with the keys of its own object: %j', (options, expected) => {
    expect(() => check(options)).toThrow(`The options: unknown key ${expected}.`);
  });
});
