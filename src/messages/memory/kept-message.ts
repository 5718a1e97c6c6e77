import type { ChannelOutcome, Recipients, RecordedError } from '../record.js';
import { type MessageState, REFUSED, transitions, waitingStates } from '../states.js';
import type { ClaimedMessage, Lease, NewMessage, Settlement, StoredMessage, Time } from '../store.js';
import type { Turn } from './time-queue.js';

/** A message in memory. */
export class KeptMessage {
  /** Counts all messages of a store, in the order in which they came. */
  readonly order: number;
  /** What was recorded. Its recipients and its content may have changed since. */
  readonly message: NewMessage;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  #recipients: Recipients;
  state: MessageState = 'WAITING';
  changedAt: number;
  sendAfter: number;
  /** Who holds it. */
  token: string | undefined;
  leaseEndsAt = 0;
  isBegun = false;
  deaths = 0;
  /** The users who have read it. */
  readonly readers: Set<string> = new Set();
  /** Its place among those that wait or are held. */
  turn: Turn<KeptMessage> | undefined;
  /** Its place among those of its state, by when they got there. */
  ageTurn: Turn<KeptMessage> | undefined;
  #content: string;
  #sentAt: number | undefined;
  #attempts = 0;
  #retrySending = false;
  #backend: string | undefined;
  #error: RecordedError | undefined;
  #reason: string | undefined;
  #appended: readonly ChannelOutcome[] = [];
  #settled: readonly ChannelOutcome[] = [];

  constructor(message: NewMessage, order: number, now: number) {
    const { recipients, relatedTo, content, sendAfter, expires } = message;
    this.order = order;
    this.message = { ...message, relatedTo: relatedTo.map(({ type, id }) => ({ type, id })) };
    this.#recipients = copyOf(recipients);
    this.#content = content;
    this.createdAt = now;
    this.changedAt = now;
    this.sendAfter = timeOf(sendAfter, now);
    this.expiresAt = expires === undefined ? undefined : timeOf(expires, now);
  }

  get users(): readonly string[] {
    return this.#recipients.users ?? [];
  }

  get isWaiting(): boolean {
    return waitingStates.includes(this.state);
  }

  /** When somebody may claim it; never, once it has ended. */
  get dueAt(): number {
    if (this.token !== undefined) return this.leaseEndsAt;
    return this.isWaiting ? this.sendAfter : Number.POSITIVE_INFINITY;
  }

  isUnreadBy(user: string): boolean {
    const isRefused = this.state === 'SKIPPED' && this.#reason === REFUSED;
    return this.state !== 'CANCELLED' && !isRefused && !this.readers.has(user);
  }

  /** Goes into a state, and is held by nobody. */
  enter(state: MessageState, now: number): void {
    this.state = state;
    this.changedAt = now;
    this.token = undefined;
  }

  /** Is held from now on, for as long as the lease says. */
  hold({ token, ms }: Lease, now: number): void {
    this.token = token;
    this.leaseEndsAt = now + ms;
  }

  mayBecome(state: MessageState): boolean {
    return transitions[this.state].includes(state);
  }

  append(outcomes: readonly ChannelOutcome[]): void {
    this.#appended = [...this.#appended, ...outcomes];
  }

  /** Takes over what a settlement says, and is held no more. */
  settle(settlement: Settlement, now: number): void {
    if (settlement.state === 'SENT') this.#sentAt = now;
    if (settlement.sendAfter !== undefined) this.sendAfter = timeOf(settlement.sendAfter, now);
    if (settlement.dropsContent) this.#content = '';
    this.#attempts = settlement.attempts;
    this.#retrySending = settlement.retrySending;
    this.#backend = settlement.backend;
    this.#error = settlement.error;
    this.#reason = settlement.reason;
    this.#settled = [...settlement.outcomes];
    this.enter(settlement.state, now);
  }

  /** Removes what tells of a user. Somebody else is among its recipients. */
  forget(user: string): void {
    this.readers.delete(user);
    this.#recipients = { users: this.users.filter((other) => other !== user) };
    this.#appended = withoutUser(this.#appended, user);
    this.#settled = withoutUser(this.#settled, user);
  }

  claimed(token: string, now: number): ClaimedMessage {
    const isExpired = this.expiresAt !== undefined && this.expiresAt <= now;
    return { ...this.stored(), token, isBegun: this.isBegun, isExpired };
  }

  /** What it is now, as a copy. */
  stored(): StoredMessage {
    const { id, service, event, priority, tag, key, condition, relatedTo, details, idempotency } = this.message;
    return {
      ...{ id, service, event, recipients: copyOf(this.#recipients), priority, tag, key, condition },
      ...{ relatedTo: [...relatedTo], content: this.#content, details, idempotencyKey: idempotency?.key },
      ...{ state: this.state, createdAt: this.createdAt, changedAt: this.changedAt, sentAt: this.#sentAt },
      ...{ sendAfter: this.sendAfter, expiresAt: this.expiresAt, attempts: this.#attempts, deaths: this.deaths },
      ...{ retrySending: this.#retrySending, backend: this.#backend, error: this.#error, reason: this.#reason },
      outcomes: [...this.#appended, ...this.#settled],
    };
  }
}

function timeOf(time: Time, now: number): number {
  return time.at === undefined ? now + time.inMs : time.at;
}

function copyOf({ users, channels }: Recipients): Recipients {
  return users === undefined ? { channels: [...channels] } : { users: [...users] };
}

function withoutUser(outcomes: readonly ChannelOutcome[], user: string): readonly ChannelOutcome[] {
  return outcomes.flatMap((outcome) => {
    const { channels, users, info } = outcome;
    if (users === undefined || !users.includes(user)) return [outcome];
    const isKept = (_name: string, n: number): boolean => users[n] !== user;
    const kept = channels.filter(isKept);
    if (kept.length === 0) return [];
    const infoKept = info && Object.fromEntries(Object.entries(info).filter(([channel]) => kept.includes(channel)));
    return [{ ...outcome, channels: kept, users: users.filter(isKept), info: infoKept }];
  });
}
