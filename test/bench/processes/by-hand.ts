import { randomUUID } from 'node:crypto';
import { createPool } from 'mysql2';
import { Pool } from 'pg';
import { answer } from './answer.ts';
import { CONNECTIONS } from './recording-limits.ts';
import { eventData } from './server-commands.ts';

/** An application that inserts the rows of a store itself, one in each statement. */
export interface ByHandCommands {
  open(place: { readonly store: 'postgres' | 'mysql'; readonly url: string }): void;
  /** Seconds for messages, so many at a time. */
  record(count: number, atOnce: number): Promise<number>;
  close(): Promise<void>;
}

interface Inserter {
  insert(): Promise<unknown>;
  close(): Promise<void>;
}

const data = eventData(100);
const columns = `id, service, state, created_at, changed_at, send_after, expires_at, event, priority, tag, message_key,
  condition_name, channels, related, content, details, idempotency_key, is_begun, lease_token, lease_until`;

function valuesAt<Present>(present: Present): unknown[] {
  return [
    ...[randomUUID(), 'by-hand', 'WAITING', present, present, present, null, 'bench', 1, null, null, null],
    ...['["bench"]', '[]', `{}\n${JSON.stringify(data)}`, '{}', null, false, null, null],
  ];
}

function placesOf(place: (number: number) => string): string {
  return valuesAt(0)
    .map((_, index) => place(index + 1))
    .join(', ');
}

function inPostgres(url: string): Inserter {
  const pool = new Pool({ connectionString: url, max: CONNECTIONS });
  const text = `INSERT INTO pushrail_messages (${columns}) VALUES (${placesOf((number) => `$${number}`)})`;
  return {
    insert: () => pool.query({ name: 'insert', text, values: valuesAt(new Date()) }),
    close: () => pool.end(),
  };
}

function inMysql(uri: string): Inserter {
  const pool = createPool({ uri, connectionLimit: CONNECTIONS }).promise();
  const text = `INSERT INTO pushrail_messages (${columns}) VALUES (${placesOf(() => '?')})`;
  return {
    insert: () => pool.execute(text, valuesAt(Date.now()) as never),
    close: () => pool.end(),
  };
}

let inserter: Inserter | undefined;

answer<ByHandCommands>({
  open({ store, url }) {
    inserter = store === 'postgres' ? inPostgres(url) : inMysql(url);
  },
  async record(count, atOnce) {
    const opened = inserter;
    if (opened === undefined) throw new Error('open comes first');
    let left = count;
    const insertSome = async (): Promise<void> => {
      while (left-- > 0) await opened.insert();
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: atOnce }, insertSome));
    return (performance.now() - startedAt) / 1000;
  },
  async close() {
    await inserter?.close();
  },
});
