import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import { MysqlDatabase } from './mysql-database.ts';
import { PostgresDatabase } from './postgres-database.ts';
import type { Place, RecordingCommands } from './processes/recording-service.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

const CHANNELS = { full: 10_000, quick: 2000 };
const USERS = { full: 100_000, quick: 10_000 };
/** As a provider in the same region does. With ten requests at once, 100 requests take a tenth of a second. */
const ANSWERS_IN_MS = 10;

const storeNames = ['sqlite', 'postgres', 'mysql'] as const;
type StoreName = (typeof storeNames)[number];
type Places = Readonly<Record<Place['store'], Place>>;

async function time(places: Places, progress: Progress, form: Form): Promise<Result[]> {
  const channels = CHANNELS[form];
  await using none = new Child<RecordingCommands>('recording-service');
  await using sqlite = new Child<RecordingCommands>('recording-service');
  await using postgres = new Child<RecordingCommands>('recording-service');
  await using mysql = new Child<RecordingCommands>('recording-service');
  const children = { none, sqlite, postgres, mysql };
  for (const [store, child] of Object.entries(children) as [Place['store'], typeof none][])
    await child.ask('open', { place: places[store], answersInMs: ANSWERS_IN_MS });
  const figures = await inTurns(form, {
    none: () => none.ask('sendToChannels', channels),
    sqlite: () => sqlite.ask('sendToChannels', channels),
    postgres: () => postgres.ask('sendToChannels', channels),
    mysql: () => mysql.ask('sendToChannels', channels),
  });
  for (const child of Object.values(children)) await child.ask('close');
  for (const [store, seconds] of Object.entries(figures)) progress(`${store}: ${summary(seconds)} s`);
  return storeNames.map((store) =>
    compared(`a send to ${grouped(channels)} channels in ${channels / 100} requests, recorded with ${store}`, {
      unit: 'ms',
      scale: 1000,
      ours: figures[store],
      peer: figures.none,
      peerName: 'without a store',
      target: { atMost: 1.5 },
    }),
  );
}

async function memory(store: StoreName, places: Places, progress: Progress, form: Form): Promise<Result> {
  const users = USERS[form];
  const figures = await inTurns(
    form,
    {
      peak: async () => {
        await using child = new Child<RecordingCommands>('recording-service', ['--expose-gc']);
        await child.ask('open', { place: places[store], answersInMs: ANSWERS_IN_MS });
        const peak = await child.ask('peakBytes', users);
        await child.ask('close');
        return peak;
      },
    },
    { rounds: { full: 3, quick: 1 }, warmUp: false },
  );
  progress(`${store}: ${summary(figures.peak)} B a channel`);
  return {
    what: `${grouped(users)} users, recorded with ${store}: memory at its peak, for a channel`,
    rounds: figures.peak,
    unit: 'B',
    target: { atMost: 1500 },
  };
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  await using postgres = await PostgresDatabase.make();
  await using mysql = await MysqlDatabase.make();
  const directory = mkdtempSync(join(tmpdir(), 'pushrail-bench-'));
  try {
    const places: Places = {
      none: { store: 'none' },
      sqlite: { store: 'sqlite', file: join(directory, 'push.db') },
      postgres: { store: 'postgres', url: postgres.url },
      mysql: { store: 'mysql', url: mysql.url },
    };
    return [
      ...(await time(places, progress, form)),
      await memory('sqlite', places, progress, form),
      await memory('postgres', places, progress, form),
      await memory('mysql', places, progress, form),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export const recordingChannels: Benchmark = {
  name: 'recording-channels',
  question: 'What does it cost to record a message to many channels?',
  about: () => `one message to many channels, 100 a request, over a backend that answers after ${ANSWERS_IN_MS} ms`,
  run,
};
