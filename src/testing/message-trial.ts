import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type {
  ClaimedMessage,
  ClaimRequest,
  MessageState,
  MessageStore,
  NewMessage,
  Settlement,
  StoredMessage,
  StoreQuery,
} from '../index.js';
import type { MessageStoreHarness, MessageStoreSubject, OpenTransaction } from './message-harness.js';
import { shown } from './trial.js';
import { pause, until } from './waiting.js';

/** The present of a case, where it does not go by the store's own clock. */
export const NOW: number = Date.UTC(2026, 0, 31, 12, 30, 15, 250);
export const MINUTE: number = 60_000;
export const HOUR: number = 60 * MINUTE;
/** More messages than any case records for `found`. */
const MOST_FOUND = 1_000;
/** The service that messages belong to. */
export const SERVICE = 'shop';

/** A claim, or the parts of it that matter to a case. */
type ClaimParts = Partial<Omit<ClaimRequest, 'lease'>> & { readonly token?: string; readonly ms?: number };
/** A settlement, or the parts of it that matter to a case. */
type SettlementParts = Partial<Settlement> & Pick<Settlement, 'id' | 'token'>;

/** A running case about a message store. */
export class MessageTrial {
  readonly subject: MessageStoreSubject;
  readonly #harness: MessageStoreHarness;
  #another: MessageStore | undefined;

  constructor(harness: MessageStoreHarness, subject: MessageStoreSubject) {
    this.#harness = harness;
    this.subject = subject;
  }

  get store(): MessageStore {
    return this.subject.store;
  }

  /** The store of another process, made at its first use. */
  async another(): Promise<MessageStore> {
    if (this.#another === undefined) {
      this.#another = await this.subject.another?.();
      await this.#another?.open();
    }
    assert.ok(this.#another);
    return this.#another;
  }

  async begin(): Promise<OpenTransaction> {
    const open = await this.subject.transaction?.begin();
    assert.ok(open);
    return open;
  }

  /** Makes a message, due at once. */
  message(of: Partial<NewMessage> = {}): NewMessage {
    return {
      id: randomUUID(),
      service: SERVICE,
      event: 'order.shipped',
      recipients: { users: ['ann'] },
      priority: 'normal',
      relatedTo: [],
      content: '{"data":1}',
      details: '{"timeout":1}',
      sendAfter: { inMs: 0 },
      ...of,
    };
  }

  /** Records one message. */
  async insert(of: Partial<NewMessage> = {}, now: number = NOW): Promise<NewMessage> {
    const message = this.message(of);
    assert.deepEqual(await this.store.insert([message], { now }), [undefined], 'insert() of a message without a key');
    return message;
  }

  /** Records a message under a lease of a minute. */
  async insertHeld(of: Partial<NewMessage> = {}, now: number = NOW): Promise<{ id: string; token: string }> {
    const token = randomUUID();
    const { id } = await this.insert({ lease: { token, ms: MINUTE }, ...of }, now);
    return { id, token };
  }

  /** Records some messages in one call. */
  async insertMany(count: number, of: Partial<NewMessage> = {}, now: number = NOW): Promise<string[]> {
    const messages = Array.from({ length: count }, () => this.message(of));
    const answers = await this.store.insert(messages, { now });
    assert.deepEqual(answers, new Array(count).fill(undefined), `insert() of ${count} messages without a key`);
    return messages.map(({ id }) => id);
  }

  /** Claims with a token of its own, a lease of a minute and room for 100, unless `of` says otherwise. */
  async claim(of: ClaimParts = {}, store: MessageStore = this.store): Promise<readonly ClaimedMessage[]> {
    const { token = randomUUID(), ms = MINUTE, ...rest } = of;
    const lease = { token, ms };
    const claimed = await store.claim({ service: SERVICE, limit: 100, conditions: [], now: NOW, ...rest, lease });
    assert.ok(Array.isArray(claimed), `claim() must give a list, not ${shown(claimed)}`);
    for (const message of claimed) {
      assert.equal(message.token, token, 'the token of a claimed message');
      assert.equal(message.state, 'SENDING', 'the state of a claimed message');
    }
    return claimed;
  }

  /** Claims, and asserts what comes, in this order. */
  async claims(expected: readonly string[], of: ClaimParts = {}): Promise<readonly ClaimedMessage[]> {
    const claimed = await this.claim(of);
    assert.deepEqual(idsOf(claimed), expected, 'the claimed messages');
    return claimed;
  }

  /** Claims what must be a single message. */
  async claimOne(id: string, of: ClaimParts = {}): Promise<ClaimedMessage> {
    const [claimed] = await this.claims([id], of);
    assert.ok(claimed);
    return claimed;
  }

  /** Settles one message, as `SENT` unless `of` says otherwise. @returns whether it was held */
  async settle(of: SettlementParts, now: number = NOW): Promise<boolean> {
    const rest = { attempts: 1, retrySending: false, outcomes: [], dropsContent: false };
    const answers = await this.store.settle([{ state: 'SENT', ...rest, ...of }], now);
    assert.equal(answers.length, 1, `settle() must give one answer for each settlement, not ${shown(answers)}`);
    return answers[0] as boolean;
  }

  /** Records a message and brings it into a state. @returns the token by which it was held last, if it was */
  async reach(state: MessageState, of: Partial<NewMessage> = {}): Promise<{ id: string; token: string }> {
    if (state === 'WAITING') return { id: (await this.insert(of)).id, token: randomUUID() };
    const held = await this.insertHeld(of);
    if (state !== 'SENDING') assert.equal(await this.settle({ ...held, state }), true, `settle() as ${state}`);
    return held;
  }

  /** A message that must be there. */
  async stored(id: string): Promise<StoredMessage> {
    const [message, ...more] = await this.store.get(SERVICE, [id]);
    assert.ok(message !== undefined && more.length === 0, `get() must give the message with the id ${id}`);
    assert.equal(message.id, id);
    return message;
  }

  /** Asserts some fields of a message. */
  async has(id: string, expected: Partial<StoredMessage>): Promise<void> {
    assertFields(await this.stored(id), expected);
  }

  /** All that a query finds, page after page. */
  async found(query: Partial<StoreQuery>, limit = 100): Promise<readonly string[]> {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.store.find({ service: SERVICE, ...query }, { limit, cursor });
      assert.ok(page.messages.length <= limit, `find() must give ${limit} at most, not ${page.messages.length}`);
      found.push(...idsOf(page.messages));
      assert.ok(found.length <= MOST_FOUND, `find(${shown(query)}) must come to an end`);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return found;
  }

  /** Asserts what a query finds, the newest first, and that `count` agrees. */
  async finds(query: Partial<StoreQuery>, expected: readonly string[]): Promise<void> {
    assert.deepEqual(await this.found(query), expected, `the messages of find(${shown(query)})`);
    const count = await this.store.count({ service: SERVICE, ...query });
    assert.equal(count, expected.length, `count(${shown(query)})`);
  }

  /** What a promise comes to within the time for what must not come; undefined if it is still open. */
  async atOnce<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    return Promise.race([promise, this.quiet().then(() => undefined)]);
  }

  quiet(): Promise<void> {
    return pause(this.#harness.quietMs ?? 20);
  }

  async comesTrue(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    assert.ok(await until(holds, this.#harness.waitMs ?? 5_000), `${what} must come true`);
  }

  async end(): Promise<void> {
    try {
      await this.#another?.close();
      await this.store.close();
    } finally {
      await this.subject.close?.();
    }
  }
}

/** A property that a message store must have. */
export interface MessageCaseDefinition {
  readonly name: string;
  /** Returns what the case needs but the store or the harness lacks. */
  readonly lacks?: (trial: MessageTrial) => string | undefined;
  readonly check: (trial: MessageTrial) => Promise<void>;
}

/** The `lacks` of a case about several processes. */
export function withoutAnother({ subject }: MessageTrial): string | undefined {
  return subject.another === undefined ? 'the harness has no another()' : undefined;
}

/** The `lacks` of a case about transactions. */
export function withoutTransaction({ subject }: MessageTrial): string | undefined {
  return subject.transaction === undefined ? 'the harness has no transaction' : undefined;
}

export function idsOf(messages: readonly { readonly id: string }[]): string[] {
  return messages.map(({ id }) => id);
}

/** Asserts the named fields. One that is undefined may be missing. */
export function assertFields<Value extends object>(found: Value, expected: Partial<Value>): void {
  const actual: Partial<Value> = {};
  for (const key of Object.keys(expected) as (keyof Value)[]) actual[key] = found[key];
  assert.deepEqual(plain(actual), plain(expected));
}

/** A value without what is undefined in it. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
