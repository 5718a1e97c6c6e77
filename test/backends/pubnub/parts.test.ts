import { describe, expect, it } from 'vitest';
import { PubNubService } from '../../../src/backends/pubnub/index.js';
import { RecentMessages } from '../../../src/backends/pubnub/recent-messages.js';
import { laterTimetoken } from '../../../src/backends/pubnub/subscriber.js';

describe('messages that came in', () => {
  it('are the same by timetoken or id, and only on the same channel', () => {
    const recent = new RecentMessages();
    expect(recent.isNew('a', '1', 'x')).toBe(true);
    expect(recent.isNew('a', '1', undefined)).toBe(false);
    expect(recent.isNew('a', '2', 'x')).toBe(false);
    expect(recent.isNew('b', '1', 'x')).toBe(true);
  });

  it('are forgotten, the oldest first', () => {
    const recent = new RecentMessages();
    for (let index = 0; index <= 10_000; index++) recent.isNew('a', String(index), undefined);
    expect(recent.isNew('a', '10000', undefined)).toBe(false);
    expect(recent.isNew('a', '0', undefined)).toBe(true);
  });
});

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

describe('an address of the SDK', () => {
  it('loses its signature, its token and what is secret', () => {
    const address = 'https://ps.pndsn.com/publish?uuid=ann&auth=t%2Fk&timestamp=1&signature=v2.abc_-&x=cipher%20key!';
    const backend = (cipherKey: string): PubNubService =>
      new PubNubService({ pubKey: 'pub', subKey: 'sub', options: { cipherKey } });
    expect(backend('cipher key!').redact(address)).toBe(
      'https://ps.pndsn.com/publish?uuid=ann&auth=[secret]&timestamp=[secret]&signature=[secret]&x=[secret]',
    );
    expect(backend('abc').redact('abc')).toBe('[secret]');
    expect(backend('abc').redact('abcd')).toBe('abcd');
  });
});
