import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type ChannelParams, ChannelPattern } from '../../src/channels/channel-pattern.js';
import { ConfigurationError } from '../../src/errors.js';
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
    ['private-{a}{b}', /two parameters without a character between them/],
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
