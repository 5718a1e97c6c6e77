import { crc32 } from 'node:zlib';
import type { KeptMessage, LogPart, RelayConnection, SetFigures, SetState, TopicPage } from '../relay.js';
import { noteInLogScript, passInLogScript, readLogScript } from './scripts/logs.js';
import { figuresScript, forgetScript, isFirstScript, keptScript, listScript, readScript } from './scripts/topics.js';
import type { RedisTransport, Script } from './transport.js';
import { figuresOf, itemsOf, patternOf } from './wire.js';

/** The calls of a connection that are a script each, and to which nothing belongs that the connection keeps. */
export class RedisCalls {
  readonly partitions: number;
  protected readonly transport: RedisTransport;

  constructor(transport: RedisTransport) {
    this.transport = transport;
    this.partitions = transport.partitions;
  }

  partitionOf(topic: string): number {
    return this.partitions === 1 ? 0 : crc32(topic) % this.partitions;
  }

  async read(topic: string, set: string): Promise<SetState> {
    const reply = await this.run(this.partitionOf(topic), readScript, [topic, set]);
    const [version, rows] = reply as [string, string[]];
    return { version: Number(version), items: itemsOf(rows) };
  }

  async figures(sets: readonly { readonly topic: string; readonly set: string }[]): Promise<readonly SetFigures[]> {
    const byPartition = new Map<number, number[]>();
    for (const [index, { topic }] of sets.entries()) {
      const partition = this.partitionOf(topic);
      const of = byPartition.get(partition);
      if (of === undefined) byPartition.set(partition, [index]);
      else of.push(index);
    }
    const figures: SetFigures[] = new Array(sets.length);
    const asked = [...byPartition].map(async ([partition, indexes]) => {
      const parameters = indexes.flatMap((index) => [sets[index]?.topic ?? '', sets[index]?.set ?? '']);
      const rows = (await this.run(partition, figuresScript, parameters)) as (string | null)[];
      for (const [position, index] of indexes.entries()) figures[index] = figuresOf(rows[position]);
    });
    await Promise.all(asked);
    return figures;
  }

  async list(partition: number, set: string, prefix: string, cursor = '0'): Promise<TopicPage> {
    const reply = await this.run(partition, listScript, [set, patternOf(prefix), cursor]);
    const [next, rows] = reply as [string, string[]];
    const topics: (SetFigures & { topic: string })[] = [];
    for (let index = 0; index < rows.length; index += 2)
      topics.push({ topic: rows[index] ?? '', ...figuresOf(rows[index + 1]) });
    return { topics, cursor: next === '0' ? undefined : next };
  }

  async kept(topic: string, missMs?: number): Promise<KeptMessage> {
    const reply = await this.run(this.partitionOf(topic), keptScript, [topic, ms(missMs)]);
    if (!Array.isArray(reply)) return { payload: undefined, isFirst: reply === 1 };
    const [payload, ttlMs] = reply as [Buffer, number];
    return { payload: payload.subarray(1), ttlMs };
  }

  async readLog(
    partition: number,
    log: string,
    options: Parameters<RelayConnection['readLog']>[2],
  ): Promise<LogPart | undefined> {
    const { reader, readers, incarnation, leaseMs, max } = options;
    const parameters = [incarnation, log, reader, ms(leaseMs), String(max), ...readers];
    const reply = await this.run(partition, readLogScript, parameters);
    if (reply === null) return undefined;
    const [first, texts, note, waiting] = reply as [number, string[], string | null, number];
    const entries = texts.map((text, index) => ({ id: String(first + index), text }));
    return { entries, note: note ?? undefined, waiting };
  }

  async noteInLog(partition: number, log: string, reader: string, incarnation: string, note: string): Promise<boolean> {
    return (await this.run(partition, noteInLogScript, [incarnation, log, reader, note])) === 1;
  }

  async passInLog(partition: number, log: string, reader: string, incarnation: string, id: string): Promise<boolean> {
    return (await this.run(partition, passInLogScript, [incarnation, log, reader, id])) === 1;
  }

  async isFirst(key: string, ttlMs: number): Promise<boolean> {
    return (await this.run(this.partitionOf(key), isFirstScript, [key, ms(ttlMs)])) === 1;
  }

  async forget(key: string): Promise<void> {
    await this.run(this.partitionOf(key), forgetScript, [key]);
  }

  /** Runs a script, whose first key all others are found by. */
  protected run(partition: number, script: Script, parameters: readonly (string | Uint8Array)[]): Promise<unknown> {
    return this.transport.run(partition, script, [this.transport.name(partition, 'nodes')], parameters);
  }
}

/** A time for Redis, which takes whole milliseconds above 0. */
export function ms(time: number | undefined): string {
  return time === undefined ? '' : String(Math.max(1, Math.ceil(time)));
}
