import { randomUUID } from 'node:crypto';
import { createPool } from 'mysql2/promise';
import { Pool } from 'pg';
import type { MessageStore } from 'pushrail';
import { mysqlMessages } from 'pushrail/messages/mysql';
import { postgresMessages } from 'pushrail/messages/postgres';
import { sqliteMessages } from 'pushrail/messages/sqlite';
import { answer } from './answer.ts';

/** A message store alone, with the calls that a worker and an application make. */
export interface StoreCommands {
  open(place: { readonly file: string } | { readonly url: string }): Promise<void>;
  /** Seconds for a claim of a hundred messages, which have been recorded before and are settled behind. */
  claim(times: number): Promise<number>;
  /** Seconds to find the messages with a tag. @param tags that there are */
  find(times: number, tags: number): Promise<number>;
  close(): Promise<void>;
}

/** As in the rows that a benchmark makes. */
const SERVICE = 'bench';
const CLAIMED = 100;

let store: MessageStore | undefined;
let end: (() => Promise<void>) | undefined;

/** A store with one connection. */
function storeAt(url: string): MessageStore {
  if (url.startsWith('mysql:')) {
    const pool = createPool({ uri: url, connectionLimit: 1 });
    end = () => pool.end();
    return mysqlMessages(pool);
  }
  const pool = new Pool({ connectionString: url, max: 1 });
  end = () => pool.end();
  return postgresMessages(pool);
}

function opened(): MessageStore {
  if (store === undefined) throw new Error('open comes first');
  return store;
}

async function record(): Promise<void> {
  const messages = Array.from({ length: CLAIMED }, (_, index) => ({
    id: randomUUID(),
    service: SERVICE,
    event: 'bench',
    recipients: { channels: [`channel-${index}`] },
    priority: 'normal' as const,
    relatedTo: [],
    content: '{}\n{"text":"hello"}',
    details: '{}',
    sendAfter: { inMs: 0 },
  }));
  await opened().insert(messages, { now: undefined });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

answer<StoreCommands>({
  async open(place) {
    store = 'file' in place ? sqliteMessages({ file: place.file }) : storeAt(place.url);
    await store.open();
  },
  async claim(times) {
    let seconds = 0;
    for (let time = 0; time < times; time++) {
      await record();
      const token = randomUUID();
      const lease = { token, ms: 30_000 };
      seconds += await timed(async () => {
        const request = { service: SERVICE, lease, limit: CLAIMED, conditions: ['unread'], now: undefined };
        const claimed = await opened().claim(request);
        if (claimed.length !== CLAIMED) throw new Error(`${claimed.length} were claimed.`);
        const done = {
          token,
          state: 'SENT',
          attempts: 1,
          retrySending: false,
          outcomes: [],
          dropsContent: false,
        } as const;
        await opened().settle(
          claimed.map(({ id }) => ({ id, ...done })),
          undefined,
        );
      });
    }
    return seconds / times;
  },
  async find(times, tags) {
    let number = 0;
    const seconds = await timed(async () => {
      for (let time = 0; time < times; time++) {
        number = (number + 7919) % tags;
        const { messages } = await opened().find({ service: SERVICE, tag: `tag-${number}` }, { limit: 100 });
        if (messages.length === 0) throw new Error(`Nothing has the tag ${number}.`);
      }
    });
    return seconds / times;
  },
  async close() {
    await store?.close();
    await end?.();
  },
});
