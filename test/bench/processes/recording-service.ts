import { setTimeout as wait } from 'node:timers/promises';
import { createPool } from 'mysql2';
import { Pool } from 'pg';
import {
  type BackendCapabilities,
  createPushService,
  type MessageStore,
  memorySessions,
  PushServiceWrapper,
} from 'pushrail';
import { mysqlMessages } from 'pushrail/messages/mysql';
import { postgresMessages } from 'pushrail/messages/postgres';
import { sqliteMessages } from 'pushrail/messages/sqlite';
import { answer } from './answer.ts';
import { CONNECTIONS } from './recording-limits.ts';
import { eventData } from './server-commands.ts';
import { cpuSeconds, memoryInUse } from './usage.ts';

/** Where messages are recorded. */
export type Place =
  | { readonly store: 'none' }
  | { readonly store: 'sqlite'; readonly file: string; readonly synchronous?: 'full' | 'normal' }
  | { readonly store: 'postgres' | 'mysql'; readonly url: string };

/** How the service of the process works. */
export interface ServiceOptions {
  readonly place: Place;
  /** The backend answers after so many milliseconds. @default at once */
  readonly answersInMs?: number;
  /** @default true */
  readonly works?: boolean;
  /** Messages at once. @default the worker's own */
  readonly concurrency?: number;
}

/** An application that records its messages. */
export interface RecordingCommands {
  open(options: ServiceOptions): Promise<void>;
  /** Seconds for sends one after the other. */
  sendInTurn(count: number): Promise<number>;
  /** Seconds for calls of `sendMany`, each with a thousand messages. */
  sendMany(calls: number): Promise<number>;
  /** Seconds to record messages with `wait: false`, so many calls at a time, each to one channel or to one user. */
  record(count: number, atOnce: number, to?: 'channel' | 'user'): Promise<number>;
  /** Seconds for one send to so many channels. */
  sendToChannels(channels: number): Promise<number>;
  /** Growth of the memory at its peak in one send to so many users, in bytes a channel; needs `--expose-gc`. */
  peakBytes(users: number): Promise<number>;
  cpuSeconds(): number;
  close(): Promise<void>;
}

/** Channels of a request. Source: Pusher, 100 channels a request. */
const CHANNELS_IN_REQUEST = 100;

/** Takes 100 channels a request, and answers after a while, by a timer: nothing of the time is this process's. */
class DistantService extends PushServiceWrapper {
  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, maxChannelsPerRequest: CHANNELS_IN_REQUEST };
  }

  protected override async sendData(): Promise<void> {
    await this.#answer();
  }

  protected override async sendBatch(): Promise<void> {
    await this.#answer();
  }

  async #answer(): Promise<void> {
    const ms = Number(this.options['answersInMs'] ?? 0);
    if (ms > 0) await wait(ms);
  }
}

const sessions = memorySessions<number>();
const data = eventData(100);

/** The store of a place, and what ends its pool. */
function storeOf(place: Place): { readonly messages?: MessageStore; readonly end?: () => Promise<void> } {
  if (place.store === 'none') return {};
  if (place.store === 'sqlite')
    return { messages: sqliteMessages({ file: place.file, synchronous: place.synchronous ?? 'full' }) };
  if (place.store === 'mysql') {
    const pool = createPool({ uri: place.url, connectionLimit: CONNECTIONS });
    return { messages: mysqlMessages(pool), end: () => pool.promise().end() };
  }
  const pool = new Pool({ connectionString: place.url, max: CONNECTIONS });
  return { messages: postgresMessages(pool), end: () => pool.end() };
}

function serviceOf({ place, answersInMs = 0, works = true, concurrency }: ServiceOptions) {
  const { messages, end } = storeOf(place);
  const worker = works && concurrency !== undefined ? { concurrency } : works;
  const push = createPushService({
    name: 'bench',
    backend: DistantService,
    options: { answersInMs },
    sessions,
    ...(messages && { messages, worker }),
  });
  return { push, end };
}

let current: ReturnType<typeof serviceOf> | undefined;

function push(): ReturnType<typeof serviceOf>['push'] {
  if (current === undefined) throw new Error('open comes first');
  return current.push;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

answer<RecordingCommands>({
  async open(options) {
    current = serviceOf(options);
    if (options.place.store !== 'none') await current.push.messages.count({ state: 'ERROR' });
  },
  sendInTurn: (count) =>
    timed(async () => {
      for (let sent = 0; sent < count; sent++) await push().send({ event: 'bench', channels: 'bench', data });
    }),
  sendMany: (calls) =>
    timed(async () => {
      const messages = Array.from({ length: 1000 }, (_, index) => ({
        event: 'bench',
        channels: `channel-${index}`,
        data,
      }));
      for (let call = 0; call < calls; call++) await push().sendMany(messages);
    }),
  record: (count, atOnce, to = 'channel') =>
    timed(async () => {
      const recipients = to === 'user' ? { users: 'bench' } : { channels: 'bench' };
      let left = count;
      const recordSome = async (): Promise<void> => {
        while (left-- > 0) await push().send({ event: 'bench', ...recipients, data, wait: false });
      };
      await Promise.all(Array.from({ length: atOnce }, recordSome));
    }),
  sendToChannels: (count) => {
    const channels = Array.from({ length: count }, (_, index) => `channel-${index}`);
    return timed(async () => {
      const { accepted } = await push().send({ event: 'bench', channels, data });
      if (accepted.length !== count) throw new Error(`Only ${accepted.length} were accepted.`);
    });
  },
  async peakBytes(count) {
    const users = Array.from({ length: count }, (_, index) => index);
    for (const user of users) await sessions.add(user, `private-session-${user}`);
    await push().send({ event: 'bench', users: 1, data });
    const before = await memoryInUse();
    let peak = 0;
    const timer = setInterval(() => {
      const { heapUsed, external } = process.memoryUsage();
      peak = Math.max(peak, heapUsed + external);
    }, 2);
    const { accepted } = await push().send({ event: 'bench', users, data });
    clearInterval(timer);
    if (accepted.length !== count) throw new Error(`Only ${accepted.length} were accepted.`);
    return (peak - before.heap) / count;
  },
  cpuSeconds,
  async close() {
    await current?.push.close();
    await current?.end?.();
    current = undefined;
  },
});
