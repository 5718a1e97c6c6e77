import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { RecordingCommands } from './processes/recording-service.ts';
import type { SqliteByHandCommands } from './processes/sqlite-by-hand.ts';
import { compared, inTurns } from './rounds.ts';
import { summary } from './statistics.ts';

/** Messages one after the other: those that wait for the disk take a hundred times as long. */
const IN_TURN = { full: { full: 300, normal: 3000 }, quick: { full: 50, normal: 300 } };
/** Calls of `sendMany`, each with a thousand messages. */
const CALLS = { full: 20, quick: 2 };

async function contest(
  directory: string,
  synchronous: 'full' | 'normal',
  progress: Progress,
  form: Form,
): Promise<Result[]> {
  await using ours = new Child<RecordingCommands>('recording-service');
  await using hand = new Child<SqliteByHandCommands>('sqlite-by-hand');
  const fileOf = (name: string): string => join(directory, `${name}-${synchronous}.db`);
  // The tables of the other file are made by a store, too.
  await ours.ask('open', { place: { store: 'sqlite', file: fileOf('hand') } });
  await ours.ask('close');
  await ours.ask('open', { place: { store: 'sqlite', file: fileOf('ours'), synchronous } });
  await hand.ask('open', fileOf('hand'), synchronous);
  const [count, calls] = [IN_TURN[form][synchronous], CALLS[form]];
  const figures = await inTurns(form, {
    send: () => ours.ask('sendInTurn', count),
    byHand: () => hand.ask('sendInTurn', count),
    sendMany: () => ours.ask('sendMany', calls),
    manyByHand: () => hand.ask('sendMany', calls),
  });
  await Promise.all([ours.ask('close'), hand.ask('close')]);
  const each = (seconds: readonly number[], messages: number): number[] => seconds.map((time) => time / messages);
  const line = (what: string, times: readonly number[], peer: readonly number[], messages: number): Result =>
    compared(`${what}: speed`, {
      unit: 'µs',
      scale: 1e6,
      ours: each(times, messages),
      peer: each(peer, messages),
      peerName: 'the statements by hand',
      ratio: 'speed',
      target: { atLeast: 0.5 },
    });
  progress(`${synchronous}: a send ${summary(each(figures.send, count / 1e6))} µs`);
  return [
    line(`a send, synchronous ${synchronous.toUpperCase()}`, figures.send, figures.byHand, count),
    line(
      `a message of a sendMany of 1 000, synchronous ${synchronous.toUpperCase()}`,
      figures.sendMany,
      figures.manyByHand,
      calls * 1000,
    ),
  ];
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'pushrail-bench-'));
  try {
    return [
      ...(await contest(directory, 'full', progress, form)),
      ...(await contest(directory, 'normal', progress, form)),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export const recordingSqlite: Benchmark = {
  name: 'recording-sqlite',
  question: 'What does it cost to record a message in SQLite?',
  about: () =>
    'a message that is recorded, sent over a backend that does nothing, and settled, to the same prepared statements in the same transactions by hand on node:sqlite',
  run,
};
