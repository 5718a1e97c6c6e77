import { describe, expect, it } from 'vitest';
import { PubNubService } from '../../../src/backends/pubnub/index.js';

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
