import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { answer } from './answer.ts';
import { CONNECTIONS } from './recording-limits.ts';
import { eventData } from './server-commands.ts';

/** An application that inserts the rows of a store itself, one in each statement. */
export interface PostgresByHandCommands {
  open(url: string): void;
  /** Seconds for messages, so many at a time. */
  record(count: number, atOnce: number): Promise<number>;
  close(): Promise<void>;
}

const data = eventData(100);
const text = `INSERT INTO pushrail_messages (id, service, state, created_at, changed_at, send_after, expires_at, event,
    priority, tag, message_key, condition_name, channels, related, content, details, idempotency_key, is_begun,
    lease_token, lease_until)
  VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`;

let pool: Pool | undefined;

async function insert(opened: Pool): Promise<void> {
  const values = [
    ...[randomUUID(), 'by-hand', 'WAITING', new Date(), null, 'bench', 1, null, null, null, '["bench"]', '[]'],
    ...[`{}\n${JSON.stringify(data)}`, '{}', null, false, null, null],
  ];
  await opened.query({ name: 'insert', text, values });
}

answer<PostgresByHandCommands>({
  open(url) {
    pool = new Pool({ connectionString: url, max: CONNECTIONS });
  },
  async record(count, atOnce) {
    const opened = pool;
    if (opened === undefined) throw new Error('open comes first');
    let left = count;
    const insertSome = async (): Promise<void> => {
      while (left-- > 0) await insert(opened);
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: atOnce }, insertSome));
    return (performance.now() - startedAt) / 1000;
  },
  async close() {
    await pool?.end();
  },
});
