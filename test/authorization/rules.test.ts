import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ChannelRules } from '../../src/authorization/rules.js';
import { ConfigurationError, ValidationError } from '../../src/core/errors.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';

const allow = (): boolean => true;
const refuse = (): boolean => false;
const logger = new RecordingLogger();

afterEach(() => {
  vi.unstubAllEnvs();
  logger.entries.length = 0;
});

/** The pattern that decides, whichever order the rules came in. */
function deciding(patterns: readonly string[], channel: string): string | undefined {
  const found = [patterns, [...patterns].reverse()].map((order) => {
    const rules = new ChannelRules(() => logger);
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
          vi.stubEnv('NODE_ENV', 'production');
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
  it('for the same channels as another one is refused in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const rules = new ChannelRules(() => logger);
    rules.add('private-orders.{id}', allow);
    const error = await failureOf(ConfigurationError, () => rules.add('private-orders.{orderId}', refuse));
    expect(error.message).toBe(
      '"private-orders.{orderId}" matches the same channels as "private-orders.{id}", which has a rule already: to put another rule in its place, pass { replace: true }.',
    );
    expect(rules.find('private-orders.1')?.rule).toBe(allow);
  });

  it('for the same channels as another one replaces it elsewhere, with a warning', () => {
    const rules = new ChannelRules(() => logger);
    rules.add('private-orders.{id}', allow);
    rules.add('private-orders.{orderId}', refuse);
    expect(rules.find('private-orders.1')).toMatchObject({ rule: refuse, params: { orderId: '1' } });
    expect(logger.entries).toEqual([
      {
        level: 'warn',
        details: { pattern: 'private-orders.{orderId}' },
        text: '"private-orders.{orderId}" matches the same channels as "private-orders.{id}", which has a rule already. The new rule takes its place, as when a module is loaded anew. In production this is an error, unless authorize() is told { replace: true }',
      },
    ]);
  });

  it('replaces another one in production where that is said, without a warning', () => {
    vi.stubEnv('NODE_ENV', 'production');
    const rules = new ChannelRules(() => logger);
    rules.add('private-orders.{id}', allow);
    rules.add('private-orders.{orderId}', refuse, { replace: true });
    expect(rules.find('private-orders.1')?.rule).toBe(refuse);
    expect(logger.entries).toEqual([]);
  });

  it('ends with its signal, which does not end the rule that has taken its place', () => {
    const rules = new ChannelRules();
    const [first, second] = [new AbortController(), new AbortController()];
    rules.add('private-a', allow, { signal: first.signal });
    rules.add('private-a', refuse, { signal: second.signal, replace: true });
    first.abort();
    expect(rules.find('private-a')?.rule).toBe(refuse);
    second.abort();
    expect(rules.find('private-a')).toBeUndefined();
    rules.add('private-a', allow, { signal: second.signal });
    expect(rules.find('private-a')).toBeUndefined();
    rules.add('private-a', allow);
    expect(rules.find('private-a')?.rule).toBe(allow);
  });

  it.each([
    [{ signal: 'soon' }, '"signal" must be an AbortSignal.'],
    [{ replace: 'yes' }, '"replace" must be true or false.'],
    [{ replaces: true }, 'authorize() has no option "replaces"; did you mean "replace"?'],
    [null, 'The options of authorize() must be an object.'],
  ])('refuses the options %j', async (options, words) => {
    const adding = (): void => new ChannelRules().add('private-a', allow, options as never);
    expect((await failureOf(ValidationError, adding)).message).toBe(words);
  });

  it('must be a function', async () => {
    const error = await failureOf(ConfigurationError, () => new ChannelRules().add('private-a', true as never));
    expect(error.message).toBe('The rule for "private-a" must be a function.');
  });
});
