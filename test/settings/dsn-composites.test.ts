import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/index.js';
import { type DsnSettings, parseDsn } from '../../src/settings/dsn.js';
import { failureOf } from '../support/failure-of.js';

const pusher: DsnSettings = {
  backend: 'pusher',
  pubKey: 'key',
  secretKey: 'secret',
  appId: 'app',
  options: { cluster: 'eu' },
};
const pusherDsn = 'pusher://key:secret@app?cluster=eu';

describe('the DSN of a hosted backend', () => {
  test.each<[string, DsnSettings]>([
    [pusherDsn, pusher],
    [
      'pubnub://pub-c-1:sec-c-2@sub-c-3',
      { backend: 'pubnub', pubKey: 'pub-c-1', secretKey: 'sec-c-2', subKey: 'sub-c-3' },
    ],
    ['PubNub://pub-c-1@sub-c-3', { backend: 'pubnub', pubKey: 'pub-c-1', subKey: 'sub-c-3' }],
    ['onesignal://:os_v2_rest@app-uuid', { backend: 'onesignal', secretKey: 'os_v2_rest', appId: 'app-uuid' }],
  ])('%s', (dsn, settings) => {
    expect(parseDsn(dsn)).toEqual(settings);
  });

  test('names the subscribe key when its percent-encoding is broken', async () => {
    const error = await failureOf(ConfigurationError, () => parseDsn('pubnub://pub:sesame@%ZZ'));
    expect(error.message).toBe('PUSH_SERVER: the percent-encoding of "subKey" is broken; write a % as %25.');
  });
});

describe('the DSN of a composite', () => {
  const console: DsnSettings = { backend: 'console' };

  test.each<[string, DsnSettings]>([
    [`failover(${pusherDsn} console:)`, { backend: 'failover', options: { backends: [pusher, console] } }],
    [`RoundRobin(console: console:)`, { backend: 'roundrobin', options: { backends: [console, console] } }],
    [`  fanout(\n\t${pusherDsn}\n\tconsole: \n) `, { backend: 'fanout', options: { backends: [pusher, console] } }],
    [
      'failover(console: console:)?resetAfterMs=1000&timeout=5000&retries=1',
      {
        backend: 'failover',
        timeout: 5000,
        retries: 1,
        options: { resetAfterMs: 1000, backends: [console, console] },
      },
    ],
    [
      `failover(fanout(${pusherDsn} console:)?failuresToOpen=2 ./mine.js#Mine https://key:secret@api-eu.pusher.com/apps/app)`,
      {
        backend: 'failover',
        options: {
          backends: [
            { backend: 'fanout', options: { failuresToOpen: 2, backends: [pusher, console] } },
            { backend: './mine.js#Mine' },
            { ...pusher, useSsl: true },
          ],
        },
      },
    ],
    [
      'failover(./a.js#A ./b.js#B)',
      { backend: 'failover', options: { backends: [{ backend: './a.js#A' }, { backend: './b.js#B' }] } },
    ],
    ['failover()', { backend: 'failover', options: { backends: [] } }],
    [
      'failover(x://a?timeout=5 console:)',
      { backend: 'failover', options: { backends: [{ backend: 'x', appId: 'a', timeout: 5 }, console] } },
    ],
  ])('%s', (dsn, settings) => {
    expect(parseDsn(dsn)).toEqual(settings);
  });

  test.each([
    'failover(x://key:sesame@a console:',
    'failover(x://key:sesame@a console:))',
    'failover(x://key:sesame@a console:) x',
    'failover(x://key:sesame@a console:)?a=(b)',
    'failover(x://key:sesame@a console:)?a=b c',
    'failover(x://key:ses(a)me@a console:)',
    'failover(x://key:sesame@a, console:)',
    'failover(x://key:ses)ame@a console:)',
    'failover(fanout(x://key:sesame@a console:)',
    'failover(roundabout(x://key:sesame@a console:) console:)',
    'fanout(failover(x://key:sesame@a console:)! console:)',
  ])('%s is refused without being shown', async (dsn) => {
    const error = await failureOf(ConfigurationError, () => parseDsn(dsn));
    expect(error.message).toMatch(
      /^PUSH_SERVER.* could not be read: a composite has the form failover\(A B\)\?option=value, of two or more DSNs with white space and no commas between them; within these, write \( as %28, \) as %29 and a space as %20\.$/,
    );
    expect(error.message).not.toContain('ses');
  });

  test('says which of its backends could not be read', async () => {
    const error = await failureOf(ConfigurationError, () =>
      parseDsn('failover(console: fanout(console: x://key:ses/ame@a))'),
    );
    expect(error.message).toMatch(
      /^PUSH_SERVER, backend 2 of failover, backend 2 of fanout could not be read: a DSN has the form /,
    );
    expect(error.message).not.toContain('ame');
  });
});

describe('a DSN as long as an environment can hold', () => {
  test('is refused when it has composites within composites without end', async () => {
    const dsn = (depth: number): string => `${'fanout(console: '.repeat(depth)}console:${')'.repeat(depth)}`;
    expect(parseDsn(dsn(20)).backend).toBe('fanout');
    for (const depth of [21, 8000]) {
      const error = await failureOf(ConfigurationError, () => parseDsn(dsn(depth)));
      expect(error.message).toBe(
        'PUSH_SERVER has more than 20 composites within each other: put the backends side by side.',
      );
    }
    const inOptions = await failureOf(ConfigurationError, () => parseDsn(dsn(21), 'backends[0]'));
    expect(inOptions.message).toMatch(/^backends\[0\] has more than 20 composites/);
  });

  test('reads a key that is given tens of thousands of times as a list', () => {
    const values = Array.from({ length: 60_000 }, (_, index) => index);
    const { options } = parseDsn(`console:?${values.map((value) => `a=${value}`).join('&')}`);
    expect(options).toEqual({ a: values });
  });
});

describe('whatever the settings', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((part) => part.isWellFormed());
  const service = ['timeout', 'retries', 'concurrency', 'closeTimeout', 'useSsl', 'backends'];
  const value = fc.oneof(
    text.filter((part) => Number.isNaN(Number(part)) && part !== 'true' && part !== 'false'),
    fc.boolean(),
    fc.integer(),
  );
  const options = fc.dictionary(
    text.filter((key) => !service.includes(key)),
    value,
    { maxKeys: 3 },
  );
  const leaf = fc
    .record({
      name: fc.constantFrom('websocket', 'pusher', 'pubnub'),
      pubKey: text,
      secretKey: text,
      account: text,
      options,
    })
    .map(({ name, account, pubKey, secretKey, options: given }): DsnSettings => {
      const id = name === 'pubnub' ? { subKey: account } : { appId: account };
      return { backend: name, pubKey, secretKey, ...id, ...withOptions(given) };
    });
  const { tree } = fc.letrec<{ tree: DsnSettings; composite: DsnSettings }>((tie) => ({
    tree: fc.oneof({ maxDepth: 3 }, leaf, tie('composite')),
    composite: fc
      .record({
        backend: fc.constantFrom('failover', 'roundrobin', 'fanout'),
        backends: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
        options,
      })
      .map(({ backend, backends, options: given }) => ({ backend, options: { ...given, backends } })),
  }));

  test('a DSN that is written for them reads as they are', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(' ', '\n', '\t \r\n'), (settings, space) => {
        expect(parseDsn(written(settings, space))).toEqual(settings);
      }),
      { numRuns: 500 },
    );
  });

  test('a text that begins as a composite is read, or refused with a ConfigurationError that does not show it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('failover(', 'x://k:sesame@a', ')', ' ', '?a=b', '(', '%', '#')),
        (parts) => {
          try {
            expect(typeof parseDsn(`fanout(${parts.join('')}`).backend).toBe('string');
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigurationError);
            expect(String(error)).not.toContain('sesame');
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function withOptions(options: Record<string, unknown>): Pick<DsnSettings, 'options'> {
  return Object.keys(options).length > 0 ? { options } : {};
}

/** Percent-encoded, parentheses as well. */
function encoded(part: string): string {
  return encodeURIComponent(part).replaceAll('(', '%28').replaceAll(')', '%29');
}

function written(
  { backend, pubKey = '', secretKey = '', appId, subKey, options = {} }: DsnSettings,
  space: string,
): string {
  const { backends, ...others } = options;
  const query = Object.entries(others).map(([key, value]) => `${encoded(key)}=${encoded(String(value))}`);
  const end = query.length > 0 ? `?${query.join('&')}` : '';
  if (Array.isArray(backends))
    return `${backend}(${backends.map((child: DsnSettings) => written(child, space)).join(space)})${end}`;
  return `${backend}://${encoded(pubKey)}:${encoded(secretKey)}@${encoded(appId ?? subKey ?? '')}${end}`;
}
