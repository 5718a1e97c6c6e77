import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelRules } from '../../src/authorization/rules.js';
import { ConfigurationError } from '../../src/core/errors.js';
import { failureOf } from '../support/failure-of.js';

const allow = (): boolean => true;

/** The pattern that decides, whichever order the rules came in. */
function deciding(patterns: readonly string[], channel: string): string | undefined {
  const found = [patterns, [...patterns].reverse()].map((order) => {
    const rules = new ChannelRules();
    for (const pattern of order) rules.add(pattern, allow);
    return rules.find(channel)?.pattern;
  });
  expect(found[0]).toBe(found[1]);
  return found[0];
}

describe('of several rules that fit', () => {
  it.each([
    ['private-orders.42', ['private-orders.{id}', 'private-orders.42', 'private-{rest*}'], 'private-orders.42'],
    ['private-orders.42', ['private-orders.{id}', 'private-{rest*}', 'private-{kind}.{id}'], 'private-orders.{id}'],
    ['private-orders.42', ['private-{rest*}', 'private-{kind}.{id}'], 'private-{kind}.{id}'],
    ['private-orders.42', ['private-{kind}.42', 'private-orders.{id}'], 'private-orders.{id}'],
    ['private-a.x', ['private-{a*}', 'private-{a*}.x'], 'private-{a*}.x'],
    ['private-a.b.c', ['private-{a}.{b*}', 'private-{a*}'], 'private-{a}.{b*}'],
    ['private-other', ['private-orders.{id}', 'presence-{room}'], undefined],
  ])('the one for %s is the most exact', (channel, patterns, expected) => {
    expect(deciding(patterns, channel)).toBe(expected);
  });

  it('the order in which they came does not matter', () => {
    const piece = fc.constantFrom('a', 'b', '.', '{p}', '{q*}', '-');
    const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.uniqueArray(pattern, { maxLength: 6 }),
        fc.stringMatching(/^[ab.-]{1,8}$/),
        (patterns, channel) => {
          const valid = new ChannelRules();
          const taken = patterns.filter((text) => {
            try {
              valid.add(text, allow);
              return true;
            } catch {
              return false;
            }
          });
          deciding(taken, channel);
        },
      ),
    );
  });
});

describe('a rule', () => {
  it('for the same channels as another one is refused', async () => {
    const rules = new ChannelRules();
    rules.add('private-orders.{id}', allow);
    const error = await failureOf(ConfigurationError, () => rules.add('private-orders.{orderId}', allow));
    expect(error.message).toBe(
      '"private-orders.{orderId}" matches the same channels as "private-orders.{id}", which has a rule already.',
    );
  });

  it('must be a function', async () => {
    const error = await failureOf(ConfigurationError, () => new ChannelRules().add('private-a', true as never));
    expect(error.message).toBe('The rule for "private-a" must be a function.');
  });
});
