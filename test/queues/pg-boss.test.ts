import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PgBoss } from 'pg-boss';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Queue } from '../../src/queues/queue.js';
import { queueConformance } from '../../src/testing/index.js';
import { codeBlocks } from '../docs/document.js';
import { withPostgres } from '../support/postgres.js';

const FILE = 'pg-boss-queue.js';
const page = codeBlocks(join(import.meta.dirname, '../../docs/queues.md')).find(({ file }) => file === FILE);
const folder = mkdtempSync(join(import.meta.dirname, '.run-'));
const database = withPostgres();
let boss: PgBoss;
let another: PgBoss;
let pgBossQueue: (boss: PgBoss, name: string) => Promise<Queue>;

beforeAll(async () => {
  const path = join(folder, FILE);
  writeFileSync(path, page?.text ?? '');
  ({ pgBossQueue } = await import(path));
  const started = async (): Promise<PgBoss> => {
    const made = new PgBoss({ connectionString: database.url(), supervise: false, schedule: false });
    made.on('error', () => {});
    return made.start();
  };
  boss = await started();
  another = await started();
});

afterAll(async () => {
  await boss.stop();
  await another.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the queue of pg-boss in docs/queues.md passes the suite', () => {
  const cases = queueConformance({
    async create() {
      const name = `push-${randomUUID()}`;
      return { queue: await pgBossQueue(boss, name), another: () => pgBossQueue(another, name) };
    },
    quietMs: 1_500,
    delayMs: 3_000,
    waitMs: 15_000,
  });
  // They wait most of the time, each for a queue of its own.
  it.concurrent.each(cases)('$name', async ({ run }) => {
    expect(await run()).toEqual({ skipped: undefined });
  });

  it('has some twenty lines', () => {
    expect(page?.text.trimEnd().split('\n').length).toBeLessThan(30);
  });
});
