import type { Priority, RelatedObject } from '../record.js';
import { type MessageState, messageStates } from '../states.js';
import type { Idempotency, Recorded, StoreQuery } from '../store.js';
import type { KeptMessage } from './kept-message.js';
import { earliest, TimeQueue, type Turn } from './time-queue.js';

const priorities: readonly Priority[] = ['high', 'normal', 'low'];

/** Queues by the name of a condition, or by undefined for none: what nobody asks for stands in nobody's way. */
type Queues = Map<string | undefined, TimeQueue<KeptMessage>>;

/** A key that was used, and until when it counts. */
interface UsedKey extends Recorded {
  readonly endsAt: number;
}

/** The messages of one service, and the ways to look them up. */
export class ServiceMessages {
  readonly #keys = new Map<string, UsedKey>();
  readonly #all = new Set<KeptMessage>();
  readonly #named = new Map<string, Set<KeptMessage>>();
  readonly #waiting: Readonly<Record<Priority, Queues>> = { high: new Map(), normal: new Map(), low: new Map() };
  readonly #held: Queues = new Map();
  readonly #ages = new Map<MessageState, TimeQueue<KeptMessage>>(
    messageStates.map((state) => [state, new TimeQueue()]),
  );

  add(message: KeptMessage): void {
    this.#all.add(message);
    for (const name of namesOf(message)) {
      const found = this.#named.get(name);
      if (found === undefined) this.#named.set(name, new Set([message]));
      else found.add(message);
    }
  }

  /** Puts a message where its state, its time and its lease belong. */
  place(message: KeptMessage): void {
    this.#displace(message);
    const {
      order,
      state,
      changedAt,
      token,
      message: { condition, priority },
    } = message;
    message.ageTurn = this.#ages.get(state)?.add(message, changedAt, order);
    if (token !== undefined) message.turn = queueOf(this.#held, condition).add(message, message.leaseEndsAt, order);
    else if (message.isWaiting) {
      message.turn = queueOf(this.#waiting[priority], condition).add(message, message.sendAfter, order);
    }
  }

  remove(message: KeptMessage): void {
    this.#displace(message);
    this.#all.delete(message);
    for (const name of namesOf(message)) this.#forgetName(name, message);
  }

  /** Notes an idempotency key. @returns the message that has it, if it is taken */
  useKey(id: string, { key, digest, ttlMs }: Idempotency, now: number): Recorded | undefined {
    const used = this.#keys.get(key);
    if (used !== undefined && used.endsAt > now) return { id: used.id, digest: used.digest };
    this.#keys.set(key, { id, digest, endsAt: now + ttlMs });
    return undefined;
  }

  /** Removes the idempotency keys that have ended. */
  forgetKeys(now: number): void {
    for (const [key, { endsAt }] of this.#keys) if (endsAt <= now) this.#keys.delete(key);
  }

  /** Removes a user from a message that is for others, too. */
  forgetUser(message: KeptMessage, user: string): void {
    message.forget(user);
    this.#forgetName(nameOf('user', user), message);
  }

  /** The message whose lease ran out first, if there is one. */
  expired(conditions: readonly string[], now: number): KeptMessage | undefined {
    return firstDue(this.#held, conditions, now);
  }

  /** The message that is to be sent next, if one is due. */
  due(conditions: readonly string[], now: number): KeptMessage | undefined {
    for (const priority of priorities) {
      const found = firstDue(this.#waiting[priority], conditions, now);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The messages whose lease ran out by a time, then those that were due by then, as they are claimed. */
  overdue(conditions: readonly string[], at: number): readonly KeptMessage[] {
    const queues = [this.#held, ...priorities.map((priority) => this.#waiting[priority])];
    return queues.flatMap((each) => allDue(each, conditions, at));
  }

  /** How many are due for each condition but these. */
  countDue(conditions: readonly string[], now: number): Map<string, number> {
    const counts = new Map<string, number>();
    for (const priority of priorities) {
      for (const [condition, queue] of this.#waiting[priority]) {
        if (condition === undefined || conditions.includes(condition)) continue;
        const count = queue.countDue(now);
        if (count > 0) counts.set(condition, (counts.get(condition) ?? 0) + count);
      }
    }
    return counts;
  }

  /** The message that has been in a state for the longest time, if it got there by then. */
  oldest(state: MessageState, until: number): KeptMessage | undefined {
    const first = this.#ages.get(state)?.first;
    return first !== undefined && first.at <= until ? first.value : undefined;
  }

  /** The messages for which all that is named is true, the oldest first. */
  matching(query: Omit<StoreQuery, 'service'>): readonly KeptMessage[] {
    const ever = Number.POSITIVE_INFINITY;
    const { states, event, since = -ever } = query;
    const { until = ever, dueBy = ever, unchangedSince = ever } = query;
    const sets = namesIn(query).map((name) => this.#named.get(name) ?? new Set<KeptMessage>());
    const [smallest = this.#all, ...others] = sets.sort((one, other) => one.size - other.size);
    return [...smallest].filter(
      (message) =>
        others.every((set) => set.has(message)) &&
        (states === undefined || states.includes(message.state)) &&
        (event === undefined || event === message.message.event) &&
        message.createdAt >= since &&
        message.createdAt < until &&
        message.sendAfter <= dueBy &&
        message.changedAt <= unchangedSince,
    );
  }

  #displace(message: KeptMessage): void {
    for (const turn of [message.turn, message.ageTurn]) turn?.queue.remove(turn);
    message.turn = undefined;
    message.ageTurn = undefined;
  }

  #forgetName(name: string, message: KeptMessage): void {
    const found = this.#named.get(name);
    found?.delete(message);
    if (found?.size === 0) this.#named.delete(name);
  }
}

/** Messages of which some may be claimed: those that are, in the order in which they are claimed. */
export function inOrder(messages: readonly KeptMessage[], conditions: readonly string[], now: number): KeptMessage[] {
  const placeOf = ({ token, message }: KeptMessage): number =>
    token === undefined ? priorities.indexOf(message.priority) : -1;
  return messages
    .filter((each) => each.dueAt <= now && [undefined, ...conditions].includes(each.message.condition))
    .sort((one, other) => placeOf(one) - placeOf(other) || one.dueAt - other.dueAt || one.order - other.order);
}

function firstDue(queues: Queues, conditions: readonly string[], now: number): KeptMessage | undefined {
  let first: Turn<KeptMessage> | undefined;
  for (const condition of [undefined, ...conditions]) first = earliest(first, queues.get(condition)?.first);
  return first !== undefined && first.at <= now ? first.value : undefined;
}

function allDue(queues: Queues, conditions: readonly string[], at: number): readonly KeptMessage[] {
  const turns = [undefined, ...conditions].flatMap((condition) => queues.get(condition)?.due(at) ?? []);
  return turns.sort((one, other) => one.at - other.at || one.order - other.order).map(({ value }) => value);
}

function queueOf(queues: Queues, condition: string | undefined): TimeQueue<KeptMessage> {
  const found = queues.get(condition) ?? new TimeQueue<KeptMessage>();
  queues.set(condition, found);
  return found;
}

/** The names that a message is looked up by. */
function namesOf({ message, users }: KeptMessage): readonly string[] {
  const { tag, key, relatedTo } = message;
  return [
    ...namesIn({ tag, key }),
    ...relatedTo.map((object) => nameOf('object', object)),
    ...users.map((user) => nameOf('user', user)),
  ];
}

/** The names in a query. */
function namesIn({ tag, key, relatedTo, recipient }: Omit<StoreQuery, 'service'>): readonly string[] {
  return [
    ...(tag === undefined ? [] : [nameOf('tag', tag)]),
    ...(key === undefined ? [] : [nameOf('key', key)]),
    ...(relatedTo === undefined ? [] : [nameOf('object', relatedTo)]),
    ...(recipient === undefined ? [] : [nameOf('user', recipient)]),
  ];
}

function nameOf(kind: 'tag' | 'key' | 'object' | 'user', value: string | RelatedObject): string {
  return `${kind} ${typeof value === 'string' ? value : JSON.stringify([value.type, value.id])}`;
}
