import { expect, test } from 'vitest';
import { ConfigurationError } from '../../../src/core/errors.js';
import { checkServer } from '../../../src/server/relay/redis/check-server.js';
import type { Link } from '../../../src/server/relay/redis/link.js';
import { movedTo, ownerOf, partitionTags, slotOf } from '../../../src/server/relay/redis/slots.js';
import { failureOf } from '../../support/failure-of.js';
import { RecordingLogger } from '../../support/recording-logger.js';

test('slots are those of Redis', () => {
  // From the specification of Redis Cluster, and from CLUSTER KEYSLOT.
  expect(slotOf('123456789')).toBe(0x31c3);
  expect(slotOf('foo')).toBe(12_182);
});

test('each partition has a 64th of the slots', () => {
  const tags = partitionTags();
  expect(tags.map((tag) => Math.floor(slotOf(tag) / 256))).toEqual(Array.from({ length: 64 }, (_, index) => index));
});

test('of servers that disagree, the one counts that has the slot by its own words', () => {
  const moved = [
    { of: 'old', masters: ['new'] },
    { of: 'new', masters: ['new'] },
    { of: 'third', masters: ['old'] },
  ];
  expect(ownerOf(0, moved, 'old')).toBe('new');
  expect(ownerOf(0, moved.slice(0, 1), 'old')).toBe('new');
  const promoted = [
    { of: 'second', masters: ['replica'] },
    { of: 'third', masters: ['old'] },
  ];
  expect(ownerOf(0, promoted, 'old')).toBe('old');
  expect(ownerOf(0, [], 'old')).toBeUndefined();
});

test('a MOVED without a host is of the server that was asked', () => {
  expect(movedTo('MOVED 3999 :6381', { host: 'a', port: 1 })).toEqual({ host: 'a', port: 6381 });
  expect(movedTo('MOVED 3999 ::1:6381', { host: 'a', port: 1 })).toEqual({ host: '::1', port: 6381 });
  expect(movedTo('MOVED', { host: 'a', port: 1 })).toBeUndefined();
});

test.each([
  [{ version: '6.0.20', mode: 'standalone', role: 'master' }, false, 'needs Redis 6.2 or newer; this is 6.0.20'],
  [
    { version: '6.2.14', mode: 'cluster', role: 'master' },
    true,
    'needs Redis 7.0 or newer in a Cluster; this is 6.2.14',
  ],
  [{ version: '7.0.0', mode: 'cluster', role: 'master' }, false, 'This Redis is part of a Cluster.'],
  [{ version: '7.0.0', mode: 'standalone', role: 'master' }, true, 'This Redis is not part of a Cluster.'],
])('a server that cannot be used is refused: %o', async (facts, isCluster, words) => {
  const link = { send: async () => Object.entries(facts).flat() } as unknown as Link;
  const error = await failureOf(ConfigurationError, checkServer(link, new RecordingLogger(), isCluster, {}));
  expect(error.message).toContain(words);
});
