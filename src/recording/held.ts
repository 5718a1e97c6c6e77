import { outgoingMessage } from '../backends/contract/message.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { askInTime } from '../core/ask-in-time.js';
import type { Draft } from '../delivery/plan.js';
import type { MessageRecord } from '../messages/record.js';
import type { StoredMessage } from '../messages/store.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import { type Content, type Details, readContent } from './content.js';
import { type ReadContent, recordOf } from './record.js';

/** A message that this process holds a lease on. */
export interface Claim {
  readonly stored: StoredMessage;
  readonly token: string;
  /** Whether it has expired, by the store's clock. */
  readonly isExpired: boolean;
}

/** A message that is held, ready to be sent. */
export interface Held extends Claim {
  readonly content: Content;
  readonly details: Details;
  readonly draft: Draft<unknown>;
}

/** The parts of a configured service that turn a stored message into one to send. */
export interface RevivingHost {
  readonly backend: AnyBackend;
  readonly sessions: SessionAdapter<never>;
  /** How long the session adapter has, in milliseconds. */
  readonly timeout: number;
}

/**
 * Makes a message to send of a stored one.
 * @throws whatever `unseal`, `recall` or the backend's `encode` throw
 */
export async function revived(
  { stored, token, isExpired }: Claim,
  read: ReadContent,
  { backend, sessions, timeout }: RevivingHost,
): Promise<Held> {
  const content = (await read(stored.content)) ?? readContent('{}\nnull');
  if (content === undefined) throw new SyntaxError('a message without content');
  const details = JSON.parse(stored.details) as Details;
  const { id, event, recipients } = stored;
  const { json, notification, backendOptions } = content;
  const message = outgoingMessage({
    id,
    event,
    json,
    payload: backend.encode({ id, event, json, notification }),
    notification,
    except: details.except,
    idempotencyKey: backend.capabilities.idempotencyKey ? stored.idempotencyKey : undefined,
    backendOptions,
    isRecorded: true,
  });
  const { users = [], channels = [] } = recipients;
  const recall = sessions.recall?.bind(sessions);
  const missing = 'The session adapter did not recall users';
  const wait = { missing, consequence: 'nothing was sent' };
  const ask = (): Promise<readonly unknown[]> => Promise.all(users.map(async (user) => recall?.(user)));
  const recalled = recall === undefined ? users : await askInTime(sessions, ask, timeout, wait);
  const draft = { message, json, timeout: details.timeout, channels, users: recalled };
  return { stored, token, isExpired, content, details, draft };
}

/** The record of a message that is held. */
export function recordOfHeld({ stored, content }: Held): MessageRecord {
  return recordOf(stored, content);
}
