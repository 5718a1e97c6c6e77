import { outgoingMessage } from '../backends/contract/message.js';
import { askInTime } from '../core/ask-in-time.js';
import { DeliveryError } from '../core/report.js';
import type { Destination, Destinations } from '../delivery/destination.js';
import type { Part } from '../delivery/parts.js';
import type { MessageRecord } from '../messages/record.js';
import type { StoredMessage } from '../messages/store.js';
import { isRecord } from '../wire/is-record.js';
import type { JsonValue } from '../wire/message.js';
import { type Content, type Details, readContent } from './content.js';
import { type ReadContent, recordOf } from './record.js';

/** A message that this process holds a lease on. */
export interface Claim {
  readonly stored: StoredMessage;
  readonly token: string;
  /** Whether it has expired, by the store's clock. */
  readonly isExpired: boolean;
}

/** What of a message goes by one backend. */
export interface HeldPart extends Omit<Part, 'places'> {
  /** The ids of the users in the draft, in their order. */
  readonly ids: readonly string[];
}

/** A message that is held, ready to be sent. */
export interface Held extends Claim {
  readonly content: Content;
  readonly details: Details;
  /** Its users, as the caller gave them. @default not known: it was read from the store */
  readonly users?: readonly unknown[] | undefined;
  /** Undefined until the setting `routes` has said who gets it by which backend. */
  readonly parts: readonly HeldPart[] | undefined;
}

/** The parts of a configured service that turn a stored message into one to send. */
export interface RevivingHost {
  readonly destinations: Destinations;
  /** How long the session adapter has, in milliseconds. */
  readonly timeout: number;
}

/**
 * Makes a message to send of a stored one.
 * @throws whatever `unseal`, `recall` or the backend's `encode` throw; DeliveryError for a backend that there is not
 */
export async function revived(
  { stored, token, isExpired }: Claim,
  read: ReadContent,
  host: RevivingHost,
): Promise<Held> {
  const content = (await read(stored.content)) ?? readContent('{}\nnull');
  if (content === undefined) throw new SyntaxError('a message without content');
  const details = JSON.parse(stored.details) as Details;
  const held: Held = { stored, token, isExpired, content, details, parts: undefined };
  const { destinations } = host;
  const { users } = stored.recipients;
  if (details.via === undefined && destinations.routes !== undefined && users !== undefined && users.length > 0)
    return held;
  const chosen = details.via?.map((name) => chosenDestination(name, destinations)) ?? [destinations.first];
  const parts = await Promise.all(chosen.map((destination) => partFor(held, destination, users ?? [], host)));
  return { ...held, parts };
}

function chosenDestination(name: string, destinations: Destinations): Destination {
  const found = destinations.named(name);
  if (found !== undefined) return found;
  // A process of another release may know it.
  throw new DeliveryError(
    `Nothing was sent: the message is to go by the backend "${name}", and the setting "backends" has none of that name (${destinations.names.join(', ')}).`,
    { outcome: 'rejected', retryable: true },
  );
}

/**
 * Makes the part of a message for a backend.
 * @param ids the users who get it by this backend
 * @throws whatever `recall` or the backend's `encode` throw
 */
export async function partFor(
  { stored, content, details }: Pick<Held, 'stored' | 'content' | 'details'>,
  destination: Destination,
  ids: readonly string[],
  { destinations, timeout }: RevivingHost,
): Promise<HeldPart> {
  const { backend, capabilities } = destination;
  const { id, event, recipients } = stored;
  const { json, notification, backendOptions } = content;
  const message = outgoingMessage({
    id,
    event,
    json,
    payload: backend.encode({ id, event, json, notification }),
    notification,
    except: capabilities.except ? details.except : undefined,
    idempotencyKey: capabilities.idempotencyKey ? stored.idempotencyKey : undefined,
    backendOptions: destinations.areNamed ? ownOptions(backendOptions, destination.name) : backendOptions,
    isRecorded: true,
  });
  const users = await recalled(ids, destination, timeout);
  const { channels = [] } = recipients;
  return { destination, draft: { message, json, timeout: details.timeout, channels, users }, ids };
}

function ownOptions(options: Content['backendOptions'], name: string): Record<string, JsonValue> | undefined {
  const own = options?.[name];
  return isRecord(own) ? (own as Record<string, JsonValue>) : undefined;
}

/** The users with these ids, as a session adapter knows them. @throws whatever its `recall` throws; TimeoutError */
export async function recalled(
  ids: readonly string[],
  { sessions }: Pick<Destination, 'sessions'>,
  timeout: number,
): Promise<readonly unknown[]> {
  const recall = sessions.recall?.bind(sessions);
  if (recall === undefined) return ids;
  const wait = { missing: 'The session adapter did not recall users', consequence: 'nothing was sent' };
  const ask = (): Promise<readonly unknown[]> => Promise.all(ids.map(async (user) => recall(user)));
  return askInTime(sessions, ask, timeout, wait);
}

/** The record of a message that is held. */
export function recordOfHeld({ stored, content }: Held): MessageRecord {
  return recordOf(stored, content);
}
