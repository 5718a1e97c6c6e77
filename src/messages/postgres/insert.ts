import { setTimeout as wait } from 'node:timers/promises';
import { ValidationError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import { numberOf } from '../sql/rows.js';
import type { NewMessage, Now, Recorded } from '../store.js';
import type { Database, Prepared, Run } from './database.js';
import { type Input, names, type Shape, TWICE, textFor } from './insert-text.js';

/** Most times that a key is looked for whose message comes and goes in the meantime. */
const MAX_LOOKS = 5;

/** The statements that record messages, each made when it is first needed. */
export class Inserts {
  readonly #database: Database;
  readonly #notify: boolean;
  readonly #statements = new Map<string, Prepared>();

  constructor(database: Database, notify: boolean) {
    this.#database = database;
    this.#notify = notify;
  }

  /**
   * @param isGuarded whether a unique violation would abort a transaction of the application's, which `run` runs in
   * @throws ValidationError for an id that is there already
   */
  async insert(
    messages: readonly NewMessage[],
    present: Now,
    run: Run,
    isGuarded: boolean,
  ): Promise<readonly (Recorded | undefined)[]> {
    if (messages.length === 0) return [];
    const { first, twins } = withoutTwins(messages);
    const taken = await this.#record(first, present, run, isGuarded);
    return messages.map(({ id }) => {
      const original = twins.get(id);
      return original === undefined
        ? taken.get(id)
        : (taken.get(original.id) ?? { id: original.id, digest: original.idempotency?.digest ?? '' });
    });
  }

  /** @returns who has the key, for each message that was left out */
  async #record(
    messages: readonly NewMessage[],
    present: Now,
    run: Run,
    isGuarded: boolean,
  ): Promise<Map<string, Recorded>> {
    const taken = new Map<string, Recorded>();
    let open = messages;
    for (let looks = 1; open.length > 0; looks++) {
      const rows = await run<LeftOut>(...this.#call(open, present, isGuarded));
      const unseen = new Set<string>();
      for (const { id, holder, digest } of rows) {
        if (holder === TWICE) throw idTwice();
        if (id === null || holder === id) continue;
        if (holder === null) unseen.add(id);
        else taken.set(id, { id: holder, digest });
      }
      // The key was taken by a transaction that has ended since the statement began: the next one sees it.
      open = open.filter(({ id }) => unseen.has(id));
      if (open.length === 0) break;
      if (looks === MAX_LOOKS)
        throw new DeliveryError('PostgreSQL: the idempotency key comes and goes.', {
          retryable: true,
          outcome: 'rejected',
        });
      await wait(looks);
    }
    return taken;
  }

  #call(messages: readonly NewMessage[], present: Now, isGuarded: boolean): [statement: Prepared, values: unknown[]] {
    const isOne = messages.length === 1;
    const statement = this.#statement({
      isOne,
      hasUsers: messages.some(({ recipients }) => recipients.users !== undefined),
      hasRelated: messages.some(({ relatedTo }) => relatedTo.length > 0),
      hasKeys: messages.some(({ idempotency }) => idempotency !== undefined),
      isGuarded,
      notifies: this.#notify && messages.some(({ lease }) => lease === undefined),
    });
    const [only] = messages;
    if (isOne && only !== undefined) {
      const input = inputOf(only, JSON.stringify);
      return [statement, [present ?? null, ...names.map((name) => input[name])]];
    }
    return [
      statement,
      [present ?? null, JSON.stringify(messages.map((message) => inputOf(message, (value) => value)))],
    ];
  }

  #statement(shape: Shape): Prepared {
    const key = JSON.stringify(shape);
    const known = this.#statements.get(key) ?? this.#database.statement(textFor(shape), 'insert');
    this.#statements.set(key, known);
    return known;
  }
}

/** A message that was left out, by its id; only nulls where listeners were told. */
interface LeftOut {
  readonly id: string | null;
  readonly holder: string | null;
  readonly digest: string;
}

function inputOf(message: NewMessage, json: (value: unknown) => unknown): Input {
  const { recipients, relatedTo, sendAfter, expires, idempotency, lease } = message;
  return {
    id: message.id,
    service: message.service,
    event: message.event,
    priority: numberOf(message.priority),
    tag: message.tag ?? null,
    message_key: message.key ?? null,
    condition_name: message.condition ?? null,
    channels: recipients.channels === undefined ? null : JSON.stringify(recipients.channels),
    // Each user once: a user has read a message or has not.
    users: recipients.users === undefined ? null : (json([...new Set(recipients.users)]) as string),
    related: json(relatedTo.map(({ type, id }) => ({ type, id }))) as string,
    content: message.content,
    details: message.details,
    send_in: sendAfter.inMs ?? null,
    send_at: sendAfter.at ?? null,
    expires_in: expires?.inMs ?? null,
    expires_at: expires?.at ?? null,
    idempotency_key: idempotency?.key ?? null,
    digest: idempotency?.digest ?? null,
    ttl: idempotency?.ttlMs ?? null,
    lease_token: lease?.token ?? null,
    lease_ms: lease?.ms ?? null,
  };
}

/**
 * Sets aside messages whose idempotency key an earlier one of the same call has: one statement cannot tell these apart.
 * @returns the others, and the earlier one for each that was set aside
 */
function withoutTwins(messages: readonly NewMessage[]): {
  readonly first: readonly NewMessage[];
  readonly twins: ReadonlyMap<string, NewMessage>;
} {
  if (messages.length === 1) return { first: messages, twins: new Map() };
  const owners = new Map<string, NewMessage>();
  const twins = new Map<string, NewMessage>();
  const ids = new Set<string>();
  for (const message of messages) {
    if (ids.has(message.id)) throw idTwice();
    ids.add(message.id);
    if (message.idempotency === undefined) continue;
    const name = JSON.stringify([message.service, message.idempotency.key]);
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, message);
    else twins.set(message.id, owner);
  }
  return { first: messages.filter(({ id }) => !twins.has(id)), twins };
}

function idTwice(): ValidationError {
  return new ValidationError('PostgreSQL: two messages have one id. Make a new UUID for each message.');
}
