import { describe, expect, it } from 'vitest';
import { laterTimetoken } from '../../src/wire/pubnub-sdk.js';

describe('the later of two timetokens', () => {
  it.each([
    [undefined, undefined, undefined],
    [undefined, '0', undefined],
    [undefined, 17_000_000, '17000000'],
    ['17000000000000001', '17000000000000002', '17000000000000002'],
    ['17000000000000002', '17000000000000001', '17000000000000002'],
    ['9', '10', '10'],
    ['10', '9', '10'],
    ['10', '', '10'],
  ])('of %j and %j is %j', (one, other, later) => {
    expect(laterTimetoken(one, other)).toBe(later);
  });
});
