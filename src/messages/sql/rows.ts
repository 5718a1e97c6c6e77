import type { ChannelOutcome, Priority, RecordedError, RelatedObject } from '../record.js';
import type { MessageState } from '../states.js';
import type { DueMessage, StoredMessage } from '../store.js';

/** A row of `pushrail_messages`, with times in milliseconds since the epoch. */
export interface MessageRow {
  readonly id: string;
  readonly service: string;
  readonly state: MessageState;
  readonly created_at: number;
  readonly changed_at: number;
  readonly sent_at: number | null;
  readonly send_after: number;
  readonly expires_at: number | null;
  readonly event: string;
  readonly priority: number;
  readonly tag: string | null;
  readonly message_key: string | null;
  readonly condition_name: string | null;
  /** JSON of the channels; null for a message for users. */
  readonly channels: string | null;
  /** JSON of what the message is about, for reading; `pushrail_related` is for finding. */
  readonly related: string;
  readonly content: string;
  readonly details: string;
  readonly idempotency_key: string | null;
  readonly attempts: number;
  readonly deaths: number;
  readonly is_begun: number | boolean;
  readonly retry_sending: number | boolean;
  readonly backend: string | null;
  /** JSON. */
  readonly error: string | null;
  readonly reason: string | null;
  /** JSON of the outcomes that the last settlement set; null before the first one. */
  readonly outcomes: string | null;
  readonly lease_token: string | null;
  readonly lease_until: number | null;
  /** The user of a message for one user, where the row names it. */
  readonly user_id?: string | null;
}

/** The columns of a message that somebody should have taken, as they come. */
export type DueRow = Readonly<Record<'id' | 'state' | 'priority' | 'attempts' | 'deaths', unknown>>;

/** What other tables tell of messages, by their ids. */
export interface OfMessages {
  /** The ids of the users who receive it, in their order. */
  readonly users: ReadonlyMap<string, readonly string[]>;
  /** JSON of each outcome that was appended, in their order. */
  readonly appended: ReadonlyMap<string, readonly string[]>;
}

const priorities: readonly Priority[] = ['low', 'normal', 'high'];

/** The priority as a number, the more urgent the larger. */
export function numberOf(priority: Priority): number {
  return priorities.indexOf(priority);
}

/** All priorities as numbers, the most urgent first. */
export const urgencies: readonly number[] = priorities.map((_, number) => number).reverse();

/** A row as a message that somebody should have taken. */
export function dueMessage({ id, state, priority, attempts, deaths }: DueRow): DueMessage {
  return {
    id: String(id),
    state: state as MessageState,
    priority: priorities[Number(priority)] ?? 'normal',
    attempts: Number(attempts),
    deaths: Number(deaths),
  };
}

/** A row as a message. */
export function storedMessage(row: MessageRow, { users, appended }: OfMessages): StoredMessage {
  const before = (appended.get(row.id) ?? []).map((text) => JSON.parse(text) as ChannelOutcome);
  return {
    id: row.id,
    service: row.service,
    state: row.state,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    sentAt: row.sent_at ?? undefined,
    sendAfter: row.send_after,
    expiresAt: row.expires_at ?? undefined,
    event: row.event,
    recipients:
      row.channels === null
        ? { users: users.get(row.id) ?? (row.user_id == null ? [] : [row.user_id]) }
        : { channels: list(row.channels) },
    priority: priorities[row.priority] ?? 'normal',
    tag: row.tag ?? undefined,
    key: row.message_key ?? undefined,
    condition: row.condition_name ?? undefined,
    relatedTo: list<RelatedObject>(row.related),
    content: row.content,
    details: row.details,
    idempotencyKey: row.idempotency_key ?? undefined,
    attempts: row.attempts,
    deaths: row.deaths,
    retrySending: Boolean(row.retry_sending),
    backend: row.backend ?? undefined,
    error: row.error === null ? undefined : (JSON.parse(row.error) as RecordedError),
    reason: row.reason ?? undefined,
    outcomes: [...before, ...list<ChannelOutcome>(row.outcomes)],
  };
}

/** Values by the id of the message that they belong to, in the order of the rows. */
export function byMessage(
  rows: Iterable<{ readonly message_id: string; readonly value: string }>,
): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const { message_id, value } of rows) {
    const known = values.get(message_id);
    if (known === undefined) values.set(message_id, [value]);
    else known.push(value);
  }
  return values;
}

/** Outcomes without the channels of a user. */
export function outcomesWithout(outcomes: readonly ChannelOutcome[], user: string): readonly ChannelOutcome[] {
  return outcomes.flatMap((outcome) => {
    const { users, channels, info } = outcome;
    if (users?.includes(user) !== true) return [outcome];
    const isOther = (_: string, place: number): boolean => users[place] !== user;
    const left = channels.filter(isOther);
    if (left.length === 0) return [];
    const told = info && Object.fromEntries(Object.entries(info).filter(([channel]) => left.includes(channel)));
    return [{ ...outcome, channels: left, users: users.filter(isOther), ...(told && { info: told }) }];
  });
}

/** JSON of outcomes without a user; undefined when the user is not in it. */
export function jsonWithout(json: string, user: string): string | undefined {
  const outcomes = JSON.parse(json) as readonly ChannelOutcome[];
  const isThere = outcomes.some(({ users }) => users?.includes(user) === true);
  return isThere ? JSON.stringify(outcomesWithout(outcomes, user)) : undefined;
}

function list<Item = string>(text: string | null): readonly Item[] {
  return text === null ? [] : (JSON.parse(text) as readonly Item[]);
}
