import type { Page, ReadMark, StoreQuery } from './query.js';
import type { ChannelOutcome, Priority, Recipients, RecordedError, RelatedObject } from './record.js';
import type { MessageState } from './states.js';
import type { TemplateStore } from './template-store.js';

export type { Page, ReadMark, StoreQuery } from './query.js';

/** A time: from now on, by the store's clock, or a date. */
export type Time =
  | { readonly inMs: number; readonly at?: undefined }
  | { readonly at: number; readonly inMs?: undefined };

/**
 * The present, in milliseconds since the epoch, where somebody turns the clock. A store goes by its own clock where it
 * is undefined: all processes that share a store must agree on when a lease ends.
 */
export type Now = number | undefined;

/**
 * A lease: who holds a message, and for how long. No two claims have the same token. When the time is over, another
 * claim may take the message; until one does, it is still held.
 */
export interface Lease {
  readonly token: string;
  readonly ms: number;
}

/** A message to record. */
export interface NewMessage {
  /** A UUID. */
  readonly id: string;
  /** The service that it belongs to. No other one sees it. */
  readonly service: string;
  readonly event: string;
  readonly recipients: Recipients;
  readonly priority: Priority;
  readonly tag?: string | undefined;
  readonly key?: string | undefined;
  /** Name of the condition that is asked at sending time. */
  readonly condition?: string | undefined;
  readonly relatedTo: readonly RelatedObject[];
  /** What the application wrote: a text that only the service reads. It may be sealed. */
  readonly content: string;
  /** The rest: a text that only the service reads. */
  readonly details: string;
  readonly sendAfter: Time;
  readonly expires?: Time | undefined;
  readonly idempotency?: Idempotency | undefined;
  /** With it the message is recorded as `SENDING`, and begun; without it, as `WAITING`. */
  readonly lease?: Lease | undefined;
}

/** What makes a second message with the same key the same message. */
export interface Idempotency {
  readonly key: string;
  /** Digest of the message's contents. */
  readonly digest: string;
  /** How long the key is remembered, in milliseconds. */
  readonly ttlMs: number;
}

/** A message whose idempotency key was there already. Nothing was recorded for it. */
export interface Recorded {
  /** The id of the message that the key belongs to. */
  readonly id: string;
  readonly digest: string;
}

/** A message, as a store keeps it. Times are in milliseconds since the epoch. */
export interface StoredMessage extends Omit<NewMessage, 'sendAfter' | 'expires' | 'idempotency' | 'lease'> {
  readonly state: MessageState;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly sentAt: number | undefined;
  readonly sendAfter: number;
  readonly expiresAt: number | undefined;
  readonly idempotencyKey: string | undefined;
  readonly attempts: number;
  /** How many times a process died under it, after it had begun to send it. */
  readonly deaths: number;
  readonly retrySending: boolean;
  readonly backend: string | undefined;
  readonly error: RecordedError | undefined;
  readonly reason: string | undefined;
  /** What was appended, and behind it what the last settlement set. */
  readonly outcomes: readonly ChannelOutcome[];
}

/** A message that was claimed. */
export interface ClaimedMessage extends StoredMessage {
  readonly token: string;
  /** False for one whose lease ran out: {@link MessageStore.begin} comes before it is sent. */
  readonly isBegun: boolean;
  /** Whether it has expired, by the store's clock. */
  readonly isExpired: boolean;
}

/** Which messages a worker takes, how many at most, and for how long. */
export interface ClaimRequest {
  readonly service: string;
  readonly lease: Lease;
  readonly limit: number;
  /** Names of the conditions that the worker knows. A message with another one is not claimed. */
  readonly conditions: readonly string[];
  /** Claims among these alone. @default all messages of the service */
  readonly ids?: readonly string[] | undefined;
  readonly now: Now;
}

/** Which messages somebody should have taken by now. */
export interface DueRequest extends Pick<ClaimRequest, 'service' | 'limit' | 'conditions' | 'now'> {
  /** For how long a message must have been due, or its lease must have run out, in milliseconds. */
  readonly graceMs: number;
}

/** A message that is due, or is `SENDING` and its lease ran out. */
export type DueMessage = Pick<StoredMessage, 'id' | 'state' | 'priority' | 'attempts' | 'deaths'>;

/** How a message that somebody holds goes on. */
export interface Settlement {
  readonly id: string;
  readonly token: string;
  /** A state that `transitions` lets follow on `SENDING`. */
  readonly state: MessageState;
  readonly attempts: number;
  /** When the next try is due. @default as before */
  readonly sendAfter?: Time | undefined;
  readonly retrySending: boolean;
  readonly backend?: string | undefined;
  readonly error?: RecordedError | undefined;
  readonly reason?: string | undefined;
  /** Takes the place of what the settlement before set. What was appended stays. */
  readonly outcomes: readonly ChannelOutcome[];
  /** Whether `content` becomes an empty text. */
  readonly dropsContent: boolean;
}

/** Requests that were accepted while their message is still being sent. */
export interface Appended {
  readonly id: string;
  readonly outcomes: readonly ChannelOutcome[];
}

/** Messages, and the cursor of the part after them, if there is one. */
export interface Found {
  readonly messages: readonly StoredMessage[];
  readonly cursor: string | undefined;
}

/** Which old messages go, and how many at most. */
export interface PurgeRequest {
  readonly service: string;
  /** For each state, how long ago a message got there, in milliseconds. */
  readonly ages: Partial<Readonly<Record<MessageState, number>>>;
  readonly limit: number;
  readonly now: Now;
}

/**
 * Keeps recorded messages. The service sends them; a store knows nothing of backends, sessions or retries.
 *
 * Every method MUST reject with a `PushError` that says what to do when the database is not there, and MUST leave
 * nothing half done. The state of a message MUST change by comparing before setting: of two who want to change it, one
 * wins. No call may keep a transaction open beyond its own end.
 */
export interface MessageStore {
  /** Its name in errors, such as `sqlite`. */
  readonly name: string;
  /** Where templates are kept. @default it keeps none */
  readonly templates?: TemplateStore | undefined;

  /**
   * Connects, and checks that the tables are there. Called before anything else; a second call changes nothing. MUST
   * work again after {@link close}.
   * @throws ConfigurationError when the schema is missing or too old, and the store does not migrate by itself
   */
  open(): Promise<void>;
  /** Closes what the store opened, and nothing that was handed to it. May be called twice. */
  close(): Promise<void>;
  /** Brings the schema up to date, one process at a time. @returns the names of the migrations that it made */
  migrate(): Promise<readonly string[]>;

  /**
   * Checks a value of the option `transaction`.
   * @throws ValidationError for anything that the store cannot record in
   * @default the store takes none
   */
  checkTransaction?(transaction: unknown): void;

  /**
   * Records messages, all or none of them. A message whose idempotency key is taken is left out, in a way that does not
   * abort a transaction of the caller's.
   * @param transaction the application's own: what it does not commit MUST never be claimed
   * @returns for each message, in their order, undefined; or the message that has its idempotency key
   */
  insert(
    messages: readonly NewMessage[],
    options: { readonly now: Now; readonly transaction?: unknown },
  ): Promise<readonly (Recorded | undefined)[]>;

  /**
   * Takes messages to send, which become `SENDING`, changed now. Two kinds, never mixed in one answer:
   *
   * - one message whose lease ran out, alone. If it had begun, its `deaths` grow by one. It counts as not begun until
   *   {@link begin}.
   * - else messages that are due, by priority, then by `sendAfter`. They count as begun.
   */
  claim(request: ClaimRequest): Promise<readonly ClaimedMessage[]>;
  /**
   * Finds messages that {@link claim} would take and nobody has, and changes nothing: those whose lease ran out, then
   * those that are due, by priority, then by `sendAfter`. Workers with a queue put them into it.
   */
  due(request: DueRequest): Promise<readonly DueMessage[]>;
  /** Notes that messages are begun, so that a death counts. */
  begin(token: string, ids: readonly string[]): Promise<void>;
  /** Lengthens the lease, from now on. @returns the ids of those that are still held */
  renew(lease: Lease, ids: readonly string[], now: Now): Promise<readonly string[]>;
  /** Keeps what was accepted, whoever holds the message now. */
  append(appended: readonly Appended[]): Promise<void>;
  /**
   * Ends leases.
   * @returns for each settlement whether the message was still held; nothing has changed where it was not
   */
  settle(settlements: readonly Settlement[], now: Now): Promise<readonly boolean[]>;

  /** @returns the messages there are, in any order */
  get(service: string, ids: readonly string[]): Promise<readonly StoredMessage[]>;
  find(query: StoreQuery, page: Page): Promise<Found>;
  count(query: StoreQuery): Promise<number>;

  /** Makes messages that wait `CANCELLED`. @returns the ids of those that it stopped */
  cancel(
    of: { readonly service: string } & ({ readonly key: string } | { readonly id: string }),
    now: Now,
  ): Promise<readonly string[]>;
  /**
   * Makes a message due now, from a state that `transitions` lets `WAITING` follow on, but never from `SENDING`:
   * whoever holds a message goes on with it. Its `deaths` are forgotten, its `reason` stays.
   * @returns whether it did
   */
  retry(service: string, id: string, now: Now): Promise<boolean>;

  /** Notes that a user has read messages, of those that {@link unread} finds. @returns how many were unread before */
  markRead(mark: ReadMark, now: Now): Promise<number>;
  /**
   * The messages that a user has not read. Those that are `CANCELLED` are not among them, nor those that are `SKIPPED`
   * for the reason `canSend`: their template refuses them to the user.
   */
  unread(service: string, user: string, page: Page): Promise<Found>;
  unreadCount(service: string, user: string): Promise<number>;
  /** @returns the ids of the users who have read a message, for each that was read, by its id */
  readers(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;

  /** Removes old messages, and idempotency keys that have ended. @returns how many messages */
  purge(request: PurgeRequest): Promise<number>;
  /**
   * Removes a user: the messages that are for nobody else, and the user's part of all others.
   * @returns how many messages were for the user
   */
  erase(service: string, user: string): Promise<number>;

  /**
   * Counts messages that are due and that no worker with these conditions claims.
   * @returns how many wait for each condition that is not among them
   */
  unclaimed(service: string, conditions: readonly string[], now: Now): Promise<ReadonlyMap<string, number>>;

  /**
   * Calls a function when another process has recorded a message of a service that is due, where the database can tell.
   * @returns a function that ends it
   * @default nothing tells, and workers ask once a second
   */
  listen?(service: string, wake: () => void): Promise<() => Promise<void>>;
}
