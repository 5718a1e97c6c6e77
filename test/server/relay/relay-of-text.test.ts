import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { defaultLogger } from '../../../src/core/logger.js';
import type { RelayHost } from '../../../src/server/relay/relay.js';
import { relayOfText } from '../../../src/server/relay/relay-of-text.js';
import { findRedis } from '../../support/redis.js';

const host: RelayHost = {
  logger: () => defaultLogger,
  message: () => undefined,
  changed: () => undefined,
  deaf: () => undefined,
  hearing: () => undefined,
};

const redis = await findRedis();

it.skipIf(redis === undefined)('keeps all its keys behind the prefix in the address', async () => {
  const url = redis?.url ?? '';
  const prefix = `test:${randomUUID()}:`;
  const connection = await relayOfText(`${url}?prefix=${encodeURIComponent(prefix)}`).connect(host);
  onTestFinished(() => connection.close());
  const client = new Redis(url);
  onTestFinished(() => client.disconnect());
  expect([await connection.isFirst('a', 60_000), await connection.isFirst('a', 60_000)]).toEqual([true, false]);
  const keys: string[] = [];
  for await (const page of client.scanStream({ match: `${prefix}*`, count: 1000 })) keys.push(...(page as string[]));
  expect(keys.length).toBe(1);
  await connection.forget('a');
  expect(await client.exists(...keys)).toBe(0);
});
