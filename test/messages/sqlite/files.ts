import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type SqliteMessagesOptions, sqliteMessages } from '../../../src/messages/sqlite/index.js';
import type { ClaimRequest, MessageStore, NewMessage } from '../../../src/messages/store.js';

/** The path of a database that is not there yet, in a directory of its own, which goes with the test. */
export function newFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pushrail-sqlite-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'push.db');
}

/** An open store, which is closed with the test. */
export async function openStore(options: SqliteMessagesOptions): Promise<MessageStore> {
  const store = sqliteMessages({ synchronous: 'normal', ...options });
  onTestFinished(() => store.close());
  await store.open();
  return store;
}

/** A message that is due. */
export function message(given: Partial<NewMessage> = {}): NewMessage {
  return {
    id: crypto.randomUUID(),
    service: 'shop',
    event: 'order.shipped',
    recipients: { users: ['ada'] },
    priority: 'normal',
    relatedTo: [],
    content: '{"data":1}',
    details: '{}',
    sendAfter: { inMs: 0 },
    ...given,
  };
}

/** A claim of up to ten messages. */
export function claiming(given: Partial<ClaimRequest> = {}): ClaimRequest {
  const lease = { token: crypto.randomUUID(), ms: 1000 };
  return { service: 'shop', lease, limit: 10, conditions: [], now: undefined, ...given };
}
