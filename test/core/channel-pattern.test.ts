import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type ChannelParams, ChannelPattern } from '../../src/core/channel-pattern.js';
import { ConfigurationError } from '../../src/core/errors.js';
import { failureOf } from '../support/failure-of.js';

describe('a pattern of channels', () => {
  it.each([
    ['private-orders.{orderId}', 'private-orders.42', { orderId: '42' }],
    ['private-{kind}.{id}', 'private-orders.42', { kind: 'orders', id: '42' }],
    ['private-orders', 'private-orders', {}],
    ['{shop}.*', 'orders.*', { shop: 'orders' }],
    ['private-user.{email*}', 'private-user.ann@example.com', { email: 'ann@example.com' }],
    ['{anything*}', 'presence-a.b', { anything: 'presence-a.b' }],
    ['private-a+b(c).{id}', 'private-a+b(c).1', { id: '1' }],
    ['private-{a}-{b}', 'private-x-y-z', { a: 'x-y', b: 'z' }],
  ])('%s fits %s', (pattern, channel, params) => {
    expect(new ChannelPattern(pattern).match(channel)).toEqual(params);
  });

  it.each([
    ['private-orders.{orderId}', 'private-orders.'],
    ['private-orders.{orderId}', 'private-orders.4.2'],
    ['private-orders.{orderId}', 'xprivate-orders.42'],
    ['private-orders.{orderId}', 'private-orders.42.x'],
    ['private-orders.{orderId}', 'private-ordersx42'],
    ['private-orders', 'private-orders2'],
    ['private-user.{email*}', 'private-user.'],
    ['orders.{orderId}', 'orders.*'],
    ['{anything*}', 'orders.*'],
  ])('%s does not fit %s', (pattern, channel) => {
    expect(new ChannelPattern(pattern).match(channel)).toBeUndefined();
  });

  it.each([
    ['', /must be a string/],
    ['private-{}', /a brace that belongs to no parameter/],
    ['private-{a', /a brace that belongs to no parameter/],
    ['private-a}', /a brace that belongs to no parameter/],
    ['private-{a b}', /a brace that belongs to no parameter/],
    ['private-{a}{b}', /two parameters with no character between them/],
    ['private-{a}.{a}', /has the parameter "a" twice/],
    ['private-{a}.{a*}', /has the parameter "a" twice/],
  ])('%j is refused', async (pattern, reason) => {
    const error = await failureOf(ConfigurationError, () => new ChannelPattern(pattern));
    expect(error.message).toMatch(reason);
  });

  it('names its parameters in its type', () => {
    expectTypeOf<ChannelParams<'private-{kind}.{id*}'>>().toEqualTypeOf<{
      readonly kind: string;
      readonly id: string;
    }>();
    expectTypeOf<keyof ChannelParams<'private-orders'>>().toEqualTypeOf<never>();
    expectTypeOf<ChannelParams<string>>().toEqualTypeOf<Readonly<Record<string, string>>>();
  });

  it('is held against a name that is made to fit in many ways, and does not, without trying them all', () => {
    const channel = `private-${'-'.repeat(155)}`;
    // Tried one after the other, these would take longer than a test may.
    expect(new ChannelPattern('private-{a}-{b}-{c}-{d}-{e}-{f}-end').match(channel)).toBeUndefined();
    expect(new ChannelPattern('private-{a*}-{b*}-{c*}-{d*}-{e*}-{f*}-end').match(channel)).toBeUndefined();
    expect(new ChannelPattern('private-{a}-{b*}').match(channel)).toEqual({ a: '-'.repeat(153), b: '-' });
  });

  it('fits as the regular expression does that it reads as', () => {
    const piece = fc.constantFrom('a', 'b', '.', '-', '{p}', '{q*}', '{r}', '+');
    const pattern = fc.array(piece, { minLength: 1, maxLength: 7 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[ab.\-+]{1,10}$/), (text, channel) => {
        fc.pre(!/\}\{|(\{.\*?\}).*\1/.test(text));
        const source = text
          .replaceAll(/[.+]/g, '\\$&')
          .replaceAll(/\{(.)\}/g, '(?<$1>[^.]+)')
          .replaceAll('{q*}', '(?<q>.+)');
        const found = new RegExp(`^${source}$`).exec(channel);
        const expected = found === null ? undefined : { ...found.groups };
        expect(new ChannelPattern(text).match(channel)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('fits what its parameters were put into, whatever they are', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_\-=@,;]{1,20}$/);
    fc.assert(
      fc.property(part, part, (kind, id) => {
        expect(new ChannelPattern('private-{kind}.of.{id}').match(`private-${kind}.of.${id}`)).toEqual({ kind, id });
      }),
    );
  });
});
