import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { BenchDatabase } from './database.ts';
import { fillFile, fillMysql, fillPostgres, tagsOf } from './filled-stores.ts';
import { MysqlDatabase } from './mysql-database.ts';
import { PostgresDatabase } from './postgres-database.ts';
import type { StoreCommands } from './processes/message-store.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Rows that were sent long ago, and as many that are not due. */
const ROWS = { full: 1_000_000, quick: 100_000 };
const FEW = 1000;
/** Calls of one measurement. */
const CALLS = { full: { claim: 50, find: 500 }, quick: { claim: 10, find: 100 } };

type Filled = Readonly<Record<'many' | 'few', Child<StoreCommands>>>;

async function contest(store: string, { many, few }: Filled, progress: Progress, form: Form): Promise<Result[]> {
  const { claim, find } = CALLS[form];
  const figures = await inTurns(form, {
    claimMany: () => many.ask('claim', claim),
    claimFew: () => few.ask('claim', claim),
    findMany: () => many.ask('find', find, tagsOf(ROWS[form])),
    findFew: () => few.ask('find', find, tagsOf(FEW)),
  });
  for (const [name, seconds] of Object.entries(figures))
    progress(`${store}, ${name}: ${summary(seconds.map((time) => time * 1e6))} µs`);
  const line = (what: string, ours: readonly number[], peer: readonly number[]): Result =>
    compared(`${store}: ${what}`, {
      unit: 'µs',
      scale: 1e6,
      ours,
      peer,
      peerName: `among a thousand of each`,
      target: { atMost: 2 },
    });
  return [
    line('a hundred messages are claimed and settled', figures.claimMany, figures.claimFew),
    line('the messages with a tag are found', figures.findMany, figures.findFew),
  ];
}

async function sqlite(progress: Progress, form: Form): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'pushrail-bench-'));
  try {
    await using many = new Child<StoreCommands>('message-store');
    await using few = new Child<StoreCommands>('message-store');
    for (const [child, name, rows] of [[many, 'many', ROWS[form]] as const, [few, 'few', FEW] as const]) {
      const file = join(directory, `${name}.db`);
      await child.ask('open', { file });
      await child.ask('close');
      fillFile(file, rows);
      await child.ask('open', { file });
    }
    progress('sqlite: filled');
    return await contest('sqlite', { many, few }, progress, form);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function inServer<Database extends BenchDatabase>(
  make: () => Promise<Database>,
  fill: (database: Database, rows: number) => Promise<void>,
  progress: Progress,
  form: Form,
): Promise<Result[]> {
  await using ofMany = await make();
  await using ofFew = await make();
  await using many = new Child<StoreCommands>('message-store');
  await using few = new Child<StoreCommands>('message-store');
  for (const [child, database, rows] of [[many, ofMany, ROWS[form]] as const, [few, ofFew, FEW] as const]) {
    await child.ask('open', { url: database.url });
    await fill(database, rows);
  }
  progress(`${ofMany.store}: filled`);
  return await contest(ofMany.store, { many, few }, progress, form);
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  return [
    ...(await sqlite(progress, form)),
    ...(await inServer(PostgresDatabase.make, fillPostgres, progress, form)),
    ...(await inServer(MysqlDatabase.make, fillMysql, progress, form)),
  ];
}

export const recordingMillions: Benchmark = {
  name: 'recording-millions',
  question: 'Does a store with millions of messages get slower?',
  about: (form) => `a store with ${grouped(ROWS[form])} messages that were sent long ago and as many that are not due`,
  run,
};
