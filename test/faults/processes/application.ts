import { setTimeout as pause } from 'node:timers/promises';
import { createPushService, type MessageStore, PushError } from 'pushrail';
import { mysqlMessages } from 'pushrail/messages/mysql';
import { postgresMessages } from 'pushrail/messages/postgres';
import { sqliteMessages } from 'pushrail/messages/sqlite';
import { HttpBackend } from './http-backend.ts';
import { marksIn } from './marks.ts';

/** What the application is started with: one argument, as JSON. */
export interface ApplicationOptions {
  /** The file of a database of SQLite, or the address of PostgreSQL or MySQL. */
  readonly store: { readonly file: string } | { readonly address: string };
  readonly port: number;
  readonly marks: string;
  readonly lease: `${number}s`;
  /** Whether a part of the messages goes to many channels, in a request for each. */
  readonly isWide: boolean;
  /** The numbers that it sends a message for. */
  readonly from: number;
  readonly to: number;
}

const options = JSON.parse(process.argv[2] ?? '') as ApplicationOptions;
const mark = marksIn(options.marks);

function storeOf(store: ApplicationOptions['store']): MessageStore {
  if ('file' in store) return sqliteMessages({ file: store.file, synchronous: 'normal' });
  return store.address.startsWith('mysql:') ? mysqlMessages(store.address) : postgresMessages(store.address);
}

const log = (level: string) => (fields: object, text: string) => {
  const { err } = fields as { readonly err?: unknown };
  mark({ what: 'log', text: `${level} ${text}: ${err instanceof Error ? err.message : ''}` });
};

function channelsOf(number: number): readonly string[] {
  return Array.from({ length: options.isWide && number % 5 === 0 ? 20 : 1 }, (_, place) => `c${(number + place) % 30}`);
}

const push = createPushService({
  backend: new HttpBackend({ port: options.port, begins: (id) => mark({ what: 'begin', id }) }),
  messages: storeOf(options.store),
  worker: { lease: options.lease, poll: '20ms' },
  logger: { debug() {}, info() {}, warn: log('warn'), error: log('error') },
});
for (const event of ['sent', 'failed', 'retrying', 'skipped'] as const)
  push.on(event, ({ id }) => mark({ what: 'end', id }));

async function send(number: number): Promise<void> {
  // A part is sent at once, a part by the worker, and a part by the worker later.
  const way = [{}, { wait: false }, { delay: '100ms' as const }, {}][number % 4];
  mark({ what: 'call', number });
  try {
    const { id } = await push.send({
      event: 'n',
      channels: channelsOf(number),
      data: { number },
      key: `${number}`,
      ...way,
    });
    mark({ what: 'recorded', number, id });
  } catch (error) {
    mark({
      what: 'refused',
      number,
      text: PushError.isPushError(error) ? `${error.code} ${error.message}` : `${error}`,
    });
  }
}

await push.messages.count();
process.send?.('ready');
for (let number = options.from; number < options.to; number++) {
  void send(number);
  await pause(Math.random() * 10);
}
// Timers of the service hold no process.
process.on('message', () => {});
