import { randomUUID } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { answer } from './answer.ts';
import { eventData } from './server-commands.ts';

/** An application that writes the rows of a store itself, with the same statements in the same transactions. */
export interface SqliteByHandCommands {
  /** Opens a file that a store has made. */
  open(file: string, synchronous: 'full' | 'normal'): void;
  /** Seconds for messages one after the other. */
  sendInTurn(count: number): number;
  /** Seconds for a thousand messages in each pair of transactions. */
  sendMany(calls: number): number;
  close(): void;
}

const data = eventData(100);
const token = randomUUID();

interface Opened {
  readonly database: DatabaseSync;
  readonly insert: StatementSync;
  readonly settle: StatementSync;
}

let opened: Opened | undefined;

function inTransaction({ database }: Opened, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  work();
  database.exec('COMMIT');
}

/** Records a message under a lease, which claims it. */
function insert(hand: Opened, channel: string): string {
  const id = randomUUID();
  const now = Date.now();
  const [channels, content] = [JSON.stringify([channel]), `{}\n${JSON.stringify(data)}`];
  hand.insert.run(id, now, now, now, channels, content, token, now + 30_000);
  return id;
}

function settle(hand: Opened, id: string, channel: string): void {
  const at = Date.now();
  const outcomes = JSON.stringify([{ state: 'accepted', channels: [channel], backend: 'by-hand', at }]);
  hand.settle.run(at, at, 'by-hand', outcomes, token, id);
}

function timed(work: (hand: Opened) => void): number {
  if (opened === undefined) throw new Error('open comes first');
  const startedAt = performance.now();
  work(opened);
  return (performance.now() - startedAt) / 1000;
}

answer<SqliteByHandCommands>({
  open(file, synchronous) {
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA busy_timeout = 5; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
    opened = {
      database,
      insert: database.prepare(`INSERT INTO pushrail_messages (id, service, state, created_at, changed_at, send_after,
        expires_at, event, priority, tag, message_key, condition_name, channels, related, content, details,
        idempotency_key, attempts, is_begun, retry_sending, backend, error, reason, lease_token, lease_until)
        VALUES (?, 'by-hand', 'SENDING', ?, ?, ?, NULL, 'bench', 1, NULL, NULL, NULL, ?, '[]', ?, '{}', NULL, 0, 1, 0,
          NULL, NULL, NULL, ?, ?)`),
      settle: database.prepare(`UPDATE pushrail_messages
        SET state = 'SENT', changed_at = ?, sent_at = ?, attempts = 1, retry_sending = 0, backend = ?, error = NULL,
          reason = NULL, outcomes = ?, is_begun = 0, lease_token = NULL, lease_until = NULL
        WHERE state = 'SENDING' AND lease_token = ? AND id = ?`),
    };
  },
  sendInTurn: (count) =>
    timed((hand) => {
      for (let sent = 0; sent < count; sent++) {
        let id = '';
        inTransaction(hand, () => {
          id = insert(hand, 'bench');
        });
        inTransaction(hand, () => settle(hand, id, 'bench'));
      }
    }),
  sendMany: (calls) =>
    timed((hand) => {
      for (let call = 0; call < calls; call++) {
        const ids: string[] = [];
        inTransaction(hand, () => {
          for (let index = 0; index < 1000; index++) ids.push(insert(hand, `channel-${index}`));
        });
        inTransaction(hand, () => {
          for (const [index, id] of ids.entries()) settle(hand, id, `channel-${index}`);
        });
      }
    }),
  close() {
    opened?.database.close();
    opened = undefined;
  },
});
