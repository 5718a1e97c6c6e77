import { ConfigurationError, ValidationError } from '../../core/errors.js';
import { noCursor } from '../sql/cursor.js';
import type { MessageState } from '../states.js';
import type * as contract from '../store.js';
import { KeptMessage } from './kept-message.js';
import { inOrder, ServiceMessages } from './service-messages.js';
import { MemoryTemplates } from './templates.js';

type CancelRequest = Parameters<contract.MessageStore['cancel']>[0];

/**
 * Keeps recorded messages and templates in this process's memory. They end with the process, and no other process sees
 * them, so it suits tests and development. It takes no `transaction`.
 * @example
 * const push = createPushService({ backend: 'console', messages: memoryMessages() });
 */
export function memoryMessages(): contract.MessageStore {
  return new MemoryMessages();
}

class MemoryMessages implements contract.MessageStore {
  readonly name = 'memory';
  readonly templates: MemoryTemplates = new MemoryTemplates(() => this.#checkOpen());
  readonly #kept = new Map<string, KeptMessage>();
  readonly #services = new Map<string, ServiceMessages>();
  #orders = 0;
  #isClosed = false;

  async open(): Promise<void> {
    this.#isClosed = false;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async migrate(): Promise<readonly string[]> {
    this.#checkOpen();
    return [];
  }

  async insert(
    messages: readonly contract.NewMessage[],
    { now, transaction }: { readonly now: contract.Now; readonly transaction?: unknown },
  ): Promise<readonly (contract.Recorded | undefined)[]> {
    this.#checkOpen();
    if (transaction !== undefined) {
      throw new ValidationError(
        'The message store "memory" knows no transactions: send without "transaction", or use a store in a database.',
      );
    }
    const ids = new Set(messages.map(({ id }) => id));
    if (ids.size < messages.length || this.#get([...ids]).length > 0) {
      throw new ValidationError('The message store "memory" was given one id twice: make a new UUID for each message.');
    }
    return messages.map((message) => this.#record(message, present(now)));
  }

  async claim(request: contract.ClaimRequest): Promise<readonly contract.ClaimedMessage[]> {
    const { conditions, lease, limit } = request;
    const now = present(request.now);
    const service = this.#service(request.service);
    const named = request.ids && inOrder(this.#of(request.service, request.ids), conditions, now);
    const lost = named === undefined ? service.expired(conditions, now) : named.find(({ token }) => token);
    const expired = limit > 0 ? lost : undefined;
    if (expired !== undefined) {
      if (expired.isBegun) expired.deaths++;
      expired.isBegun = false;
      this.#hold(expired, lease, now);
      return [expired.claimed(lease.token, now)];
    }
    const claimed: contract.ClaimedMessage[] = [];
    while (claimed.length < limit) {
      const due = named === undefined ? service.due(conditions, now) : named.shift();
      if (due === undefined) break;
      due.isBegun = true;
      this.#hold(due, lease, now);
      claimed.push(due.claimed(lease.token, now));
    }
    return claimed;
  }

  async due({
    service,
    conditions,
    limit,
    graceMs,
    now,
  }: contract.DueRequest): Promise<readonly contract.DueMessage[]> {
    const found = this.#service(service).overdue(conditions, present(now) - graceMs);
    return found.slice(0, limit).map((message) => {
      const { id, state, priority, attempts, deaths } = message.stored();
      return { id, state, priority, attempts, deaths };
    });
  }

  async begin(token: string, ids: readonly string[]): Promise<void> {
    for (const message of this.#held(token, ids)) message.isBegun = true;
  }

  async renew(lease: contract.Lease, ids: readonly string[], now: contract.Now): Promise<readonly string[]> {
    const held = this.#held(lease.token, ids);
    for (const message of held) {
      message.hold(lease, present(now));
      this.#home(message).place(message);
    }
    return held.map(({ message }) => message.id);
  }

  async append(appended: readonly contract.Appended[]): Promise<void> {
    this.#checkOpen();
    for (const { id, outcomes } of appended) this.#kept.get(id)?.append(outcomes);
  }

  async settle(settlements: readonly contract.Settlement[], now: contract.Now): Promise<readonly boolean[]> {
    return settlements.map((settlement) => {
      const [message] = this.#held(settlement.token, [settlement.id]);
      if (!message?.mayBecome(settlement.state)) return false;
      message.settle(settlement, present(now));
      this.#home(message).place(message);
      return true;
    });
  }

  async get(service: string, ids: readonly string[]): Promise<readonly contract.StoredMessage[]> {
    return this.#of(service, ids).map((message) => message.stored());
  }

  async find(query: contract.StoreQuery, page: contract.Page): Promise<contract.Found> {
    return pageOf(this.#service(query.service).matching(query), page);
  }

  async count(query: contract.StoreQuery): Promise<number> {
    return this.#service(query.service).matching(query).length;
  }

  async cancel(of: CancelRequest, now: contract.Now): Promise<readonly string[]> {
    const found = 'id' in of ? this.#of(of.service, [of.id]) : this.#service(of.service).matching({ key: of.key });
    const stopped = found.filter(({ isWaiting }) => isWaiting);
    for (const message of stopped) this.#enter(message, 'CANCELLED', present(now));
    return stopped.map(({ message }) => message.id);
  }

  async retry(service: string, id: string, now: contract.Now): Promise<boolean> {
    const [message] = this.#of(service, [id]);
    // Whoever holds it is sending it.
    if (message === undefined || message.state === 'SENDING' || !message.mayBecome('WAITING')) return false;
    message.sendAfter = present(now);
    message.deaths = 0;
    this.#enter(message, 'WAITING', present(now));
    return true;
  }

  async markRead(mark: contract.ReadMark, _now: contract.Now): Promise<number> {
    const { service, user } = mark;
    const named =
      'ids' in mark
        ? this.#of(service, mark.ids).filter(({ users }) => users.includes(user))
        : this.#service(service).matching({ ...mark, recipient: user });
    const unread = named.filter((message) => message.isUnreadBy(user));
    for (const { readers } of unread) readers.add(user);
    return unread.length;
  }

  async unread(service: string, user: string, page: contract.Page): Promise<contract.Found> {
    return pageOf(this.#unreadBy(service, user), page);
  }

  async unreadCount(service: string, user: string): Promise<number> {
    return this.#unreadBy(service, user).length;
  }

  async readers(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    this.#checkOpen();
    const read = this.#get(ids).filter(({ readers }) => readers.size > 0);
    return new Map(read.map(({ message, readers }) => [message.id, [...readers]]));
  }

  async purge({ service, ages, limit, now }: contract.PurgeRequest): Promise<number> {
    const messages = this.#service(service);
    messages.forgetKeys(present(now));
    let removed = 0;
    for (const [state, age] of Object.entries(ages) as [MessageState, number][]) {
      while (removed < limit) {
        const message = messages.oldest(state, present(now) - age);
        if (message === undefined) break;
        this.#remove(message);
        removed++;
      }
    }
    return removed;
  }

  async erase(service: string, user: string): Promise<number> {
    const found = this.#service(service).matching({ recipient: user });
    for (const message of found) {
      if (message.users.every((other) => other === user)) this.#remove(message);
      else this.#home(message).forgetUser(message, user);
    }
    return found.length;
  }

  async unclaimed(
    service: string,
    conditions: readonly string[],
    now: contract.Now,
  ): Promise<ReadonlyMap<string, number>> {
    return this.#service(service).countDue(conditions, present(now));
  }

  #record(message: contract.NewMessage, now: number): contract.Recorded | undefined {
    const service = this.#service(message.service);
    const used = message.idempotency && service.useKey(message.id, message.idempotency, now);
    if (used !== undefined) return used;
    const kept = new KeptMessage(message, ++this.#orders, now);
    this.#kept.set(message.id, kept);
    service.add(kept);
    if (message.lease === undefined) this.#enter(kept, 'WAITING', now);
    else {
      kept.isBegun = true;
      this.#hold(kept, message.lease, now);
    }
    return undefined;
  }

  #enter(message: KeptMessage, state: MessageState, now: number): void {
    message.enter(state, now);
    this.#home(message).place(message);
  }

  #hold(message: KeptMessage, lease: contract.Lease, now: number): void {
    message.enter('SENDING', now);
    message.hold(lease, now);
    this.#home(message).place(message);
  }

  #remove(message: KeptMessage): void {
    this.#home(message).remove(message);
    this.#kept.delete(message.message.id);
  }

  #service(name: string): ServiceMessages {
    this.#checkOpen();
    const found = this.#services.get(name) ?? new ServiceMessages();
    this.#services.set(name, found);
    return found;
  }

  #home({ message }: KeptMessage): ServiceMessages {
    return this.#service(message.service);
  }

  /** The messages that there are, each once. */
  #get(ids: readonly string[]): readonly KeptMessage[] {
    return [...new Set(ids)].flatMap((id) => this.#kept.get(id) ?? []);
  }

  #of(service: string, ids: readonly string[]): readonly KeptMessage[] {
    this.#checkOpen();
    return this.#get(ids).filter(({ message }) => message.service === service);
  }

  #held(token: string, ids: readonly string[]): readonly KeptMessage[] {
    this.#checkOpen();
    return this.#get(ids).filter((message) => message.token === token);
  }

  #unreadBy(service: string, user: string): readonly KeptMessage[] {
    const found = this.#service(service).matching({ recipient: user });
    return found.filter((message) => message.isUnreadBy(user));
  }

  #checkOpen(): void {
    if (!this.#isClosed) return;
    throw new ConfigurationError('The message store "memory" is closed: call its open() before you use it again.');
  }
}

function present(now: contract.Now): number {
  return now ?? Date.now();
}

/** A part of messages that come the oldest first. */
function pageOf(messages: readonly KeptMessage[], { limit, cursor }: contract.Page): contract.Found {
  if (cursor !== undefined && !/^\d{1,16}$/.test(cursor)) {
    const remedy = 'Pass the cursor that the page before came with, as it is.';
    throw new ValidationError(`cursor: ${JSON.stringify(cursor.slice(0, 100))} is none. ${remedy}`);
  }
  const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor);
  if (Number.isNaN(before)) throw noCursor(cursor);
  const older = messages.filter(({ order }) => order < before);
  const part = older.slice(-limit).reverse();
  const isLast = older.length <= limit;
  return { messages: part.map((message) => message.stored()), cursor: isLast ? undefined : String(part.at(-1)?.order) };
}
