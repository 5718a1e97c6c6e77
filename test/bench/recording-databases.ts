import { setTimeout as wait } from 'node:timers/promises';
import { startRedis } from '../support/redis.ts';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { BenchDatabase } from './database.ts';
import { MysqlDatabase } from './mysql-database.ts';
import { PostgresDatabase } from './postgres-database.ts';
import type { QueueCommands } from './processes/bullmq-queue.ts';
import type { ByHandCommands } from './processes/by-hand.ts';
import type { RecordingCommands } from './processes/recording-service.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Messages of one measurement. */
const MESSAGES = { full: 10_000, quick: 2000 };
/** Calls under way at once, for all contestants; a worker sends as many messages at once. */
const AT_ONCE = 100;
/** How often it is looked whether the workers have done all, in milliseconds. */
const LOOK_EVERY_MS = 20;

const isOpen = `SELECT 1 FROM pushrail_messages WHERE service = 'bench' AND state IN ('WAITING', 'ERROR_RETRY')
  UNION ALL SELECT 1 FROM pushrail_messages WHERE service = 'bench' AND state = 'SENDING' LIMIT 1`;

/** What a process is told of a database. */
function placeOf({ store, url }: BenchDatabase): { readonly store: 'postgres' | 'mysql'; readonly url: string } {
  return { store, url };
}

/** How many of the messages that one insert by hand records in the same time are to be recorded. */
const INSERT_TARGET = { postgres: 0.6, mysql: 0.5 };

async function recording(database: BenchDatabase, progress: Progress, form: Form): Promise<Result[]> {
  await using ours = new Child<RecordingCommands>('recording-service');
  await using hand = new Child<ByHandCommands>('by-hand');
  await ours.ask('open', { place: placeOf(database), works: false });
  await hand.ask('open', placeOf(database));
  const count = MESSAGES[form];
  const inEmpty = async (record: () => Promise<number>): Promise<number> => {
    await database.empty();
    return count / (await record());
  };
  const figures = await inTurns(form, {
    channel: () => inEmpty(() => ours.ask('record', count, AT_ONCE, 'channel')),
    user: () => inEmpty(() => ours.ask('record', count, AT_ONCE, 'user')),
    byHand: () => inEmpty(() => hand.ask('record', count, AT_ONCE)),
  });
  for (const [name, rates] of Object.entries(figures)) progress(`${name}: ${summary(rates)} recorded a second`);
  await Promise.all([ours.ask('close'), hand.ask('close')]);
  await database.empty();
  return (['channel', 'user'] as const).map((to) =>
    compared(`${AT_ONCE} sends at a time to a ${to}, with wait: false`, {
      unit: 'messages a second',
      ours: figures[to],
      peer: figures.byHand,
      peerName: 'a prepared insert for each, into one table',
      target: { atLeast: INSERT_TARGET[database.store] },
    }),
  );
}

/** Messages a second of some workers, each a process. */
class Workers implements AsyncDisposable {
  readonly #database: BenchDatabase;
  readonly #children: readonly Child<RecordingCommands>[];

  constructor(database: BenchDatabase, count: number) {
    this.#database = database;
    this.#children = Array.from({ length: count }, () => new Child<RecordingCommands>('recording-service'));
  }

  /** Sends so many messages that have been recorded. */
  async rate(count: number): Promise<number> {
    const place = placeOf(this.#database);
    const startedAt = await this.#database.now();
    await Promise.all(this.#children.map((child) => child.ask('open', { place, concurrency: AT_ONCE })));
    while ((await this.#database.run(isOpen)).length > 0) await wait(LOOK_EVERY_MS);
    const { count: sent, last } = await this.#database.sentSince(startedAt);
    await Promise.all(this.#children.map((child) => child.ask('close')));
    if (sent !== count) throw new Error(`${sent} of ${count} were sent.`);
    return count / (last - startedAt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child[Symbol.asyncDispose]()));
  }
}

async function workers(database: BenchDatabase, progress: Progress, form: Form): Promise<Result> {
  const count = MESSAGES[form];
  await using recorder = new Child<RecordingCommands>('recording-service');
  await using several = new Workers(database, 4);
  await using single = new Workers(database, 1);
  await recorder.ask('open', { place: placeOf(database), works: false });
  const rate = async (of: Workers): Promise<number> => {
    await recorder.ask('record', count, AT_ONCE);
    await database.tidy();
    return of.rate(count);
  };
  const figures = await inTurns(form, { four: () => rate(several), one: () => rate(single) });
  await recorder.ask('close');
  progress(`four workers ${summary(figures.four)} messages a second, one ${summary(figures.one)}`);
  return compared(`four workers send ${grouped(count)} messages over a backend that answers at once`, {
    unit: 'messages a second',
    ours: figures.four,
    peer: figures.one,
    peerName: 'one worker',
    target: { atLeast: 2 },
  });
}

/** Messages a second of CPU time of application and database, from recording until they are settled. */
async function perCpuSecond(database: BenchDatabase, count: number): Promise<number> {
  await database.tidy();
  await using child = new Child<RecordingCommands>('recording-service');
  await child.ask('open', { place: placeOf(database), concurrency: AT_ONCE });
  const cpu = async (): Promise<number> => (await child.ask('cpuSeconds')) + (await database.cpuSeconds());
  await child.ask('record', 100, AT_ONCE);
  const before = await cpu();
  await child.ask('record', count, AT_ONCE);
  while ((await database.run(isOpen)).length > 0) await wait(LOOK_EVERY_MS);
  const figure = count / ((await cpu()) - before);
  await child.ask('close');
  return figure;
}

async function perCpuSecondOfQueue(port: number, count: number): Promise<number> {
  await using child = new Child<QueueCommands>('bullmq-queue');
  await child.ask('open', port);
  await Promise.all([child.ask('work', 100, AT_ONCE), child.ask('add', 100, AT_ONCE)]);
  const before = await child.ask('cpuSeconds');
  await Promise.all([child.ask('work', count, AT_ONCE), child.ask('add', count, AT_ONCE)]);
  const figure = count / ((await child.ask('cpuSeconds')) - before);
  await child.ask('close');
  return figure;
}

async function againstQueue(database: BenchDatabase, progress: Progress, form: Form): Promise<Result[]> {
  const redis = await startRedis();
  if (redis === undefined) {
    progress('redis-server is not installed: no comparison with BullMQ');
    return [];
  }
  try {
    const count = MESSAGES[form];
    const figures = await inTurns(form, {
      ours: () => perCpuSecond(database, count),
      queue: () => perCpuSecondOfQueue(redis.port, count),
    });
    progress(`${summary(figures.ours)} messages a CPU-second, BullMQ ${summary(figures.queue)}`);
    return [
      compared(`recorded and sent, ${AT_ONCE} at a time, application and database together`, {
        unit: 'messages a CPU-second',
        ours: figures.ours,
        peer: figures.queue,
        peerName: 'BullMQ with Redis',
        target: { atLeast: 1 },
      }),
    ];
  } finally {
    await redis.close();
  }
}

async function contest(database: BenchDatabase, progress: Progress, form: Form): Promise<Result[]> {
  await using maker = new Child<RecordingCommands>('recording-service');
  await maker.ask('open', { place: placeOf(database), works: false });
  await maker.ask('close');
  return [
    ...(await recording(database, progress, form)),
    await workers(database, progress, form),
    ...(await againstQueue(database, progress, form)),
  ];
}

export const recordingPostgres: Benchmark = {
  name: 'recording-postgres',
  question: 'What does it cost to record a message in PostgreSQL?',
  about: () => 'messages that are recorded in PostgreSQL without NOTIFY, ten connections a process',
  async run(progress, form) {
    await using database = await PostgresDatabase.make();
    return await contest(database, progress, form);
  },
};

export const recordingMysql: Benchmark = {
  name: 'recording-mysql',
  question: 'What does it cost to record a message in MariaDB?',
  about: () => 'messages that are recorded in MariaDB, ten connections a process',
  async run(progress, form) {
    await using database = await MysqlDatabase.make();
    return await contest(database, progress, form);
  },
};
