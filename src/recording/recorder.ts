import { ValidationError } from '../core/errors.js';
import type { SendReport } from '../core/report.js';
import { TimeSlices } from '../core/time-slices.js';
import { type Draft, firedEarly } from '../delivery/plan.js';
import { throwIfAllRejected } from '../delivery/report.js';
import type { CallOptions } from '../delivery/send-options.js';
import type { Lease, NewMessage, Recorded, StoredMessage } from '../messages/store.js';
import type { CheckedMessage } from './checked.js';
import { UNREAD } from './conditions.js';
import { contentText, detailsText, digestOf, readContent } from './content.js';
import type { DispatchCall, Dispatched, Dispatcher } from './dispatcher.js';
import type { Held } from './held.js';
import { type RecordingHost, storeNow } from './host.js';
import type { Leases } from './leases.js';
import type { MessageOptions } from './message-options.js';
import type { ProviderWatch } from './provider-watch.js';
import { recordOf, storedFrom } from './record.js';
import { waitingReport } from './record-report.js';
import { earlierReport } from './repeated.js';
import { turned } from './sealing.js';
import { Together } from './together.js';

/** Most messages that go to the store in one call. */
const MOST_TOGETHER = 1_000;

/** The parts of recording that a recorder works with. */
export interface RecorderParts {
  readonly host: RecordingHost;
  readonly leases: Leases;
  readonly dispatcher: Dispatcher;
  readonly watch: ProviderWatch;
  /** Hears that a message waits in the store, and in how many milliseconds it is due. */
  readonly waits: (message: StoredMessage, inMs: number) => void;
  /** Whether the worker of this process works. */
  readonly isWorking: () => boolean;
}

/** A message of a call, on its way into the store. */
interface Entry {
  readonly draft: Draft<unknown>;
  readonly options: MessageOptions;
  /** Whether it is recorded and not sent. */
  readonly isSkipped: boolean;
  /** The text of the content, before it is sealed. */
  readonly content: string;
  readonly message: NewMessage;
}

type Ended = Pick<Dispatched, 'report' | 'failure'>;

/** Records messages, and sends at once those that are for now. */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #insert: Together<NewMessage, Recorded | undefined>;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#insert = new Together((messages) => this.#insertAll(messages, undefined), MOST_TOGETHER);
  }

  /**
   * Records messages and sends those that are for now.
   * @returns a report for each message, in their order
   * @throws ValidationError when nothing was recorded; DeliveryError when no channel accepted, for good; whatever the
   * store throws; AbortError
   */
  async send<User>(
    messages: readonly CheckedMessage[],
    { signal }: CallOptions,
    comes: DispatchCall['comes'],
  ): Promise<SendReport<User>[]> {
    const startedAt = performance.now();
    if (signal?.aborted) throw firedEarly(signal);
    const { host, leases, watch } = this.#parts;
    const lease = leases.next();
    const entries = await this.#entries(messages, lease, watch.isLive);
    const transaction = transactionOf(entries, host);
    if (signal?.aborted) throw firedEarly(signal);
    const recorded = await this.#record(entries, transaction);
    const held = new Map<Entry, Held>();
    const slices = new TimeSlices();
    for (const [index, entry] of entries.entries()) {
      if (recorded[index] === undefined) this.#isRecorded(entry, held);
      if (slices.isOver) await slices.next();
    }
    const dispatched = await this.#dispatch([...held.values()], { signal, comes, startedAt });
    // By id: the condition "unread" puts a message to fewer users in the place of one that is held.
    const byId = new Map(dispatched.map((each) => [each.held.stored.id, each]));
    const ended = entries.map((entry, index): Ended | Promise<Ended> => {
      const earlier = recorded[index];
      const { options, message } = entry;
      if (earlier !== undefined)
        return earlierReport(earlier, message, host, { startedAt, signal, waits: options.isNow });
      return byId.get(message.id) ?? { report: waitingReport(message, startedAt), failure: undefined };
    });
    // Hardly any is a repetition, and a promise for each of the others would cost as much as its look-up.
    const isAny = recorded.some((earlier) => earlier !== undefined);
    return this.#reports<User>(isAny ? await Promise.all(ended) : (ended as Ended[]), entries);
  }

  /** Records messages. Those with a lease are held before they are there: the worker of this process must know them. */
  async #record(entries: readonly Entry[], transaction: unknown): Promise<readonly (Recorded | undefined)[]> {
    const { leases } = this.#parts;
    const messages = entries.map(({ message }) => message);
    const held = messages.filter(({ lease }) => lease !== undefined);
    for (const { id, lease } of held) leases.hold(lease?.token ?? '', [id]);
    let recorded: readonly (Recorded | undefined)[] = [];
    try {
      recorded =
        transaction === undefined ? await this.#insert.add(messages) : await this.#insertAll(messages, transaction);
      return recorded;
    } finally {
      for (const [index, { id, lease }] of messages.entries()) {
        const isThere = recorded.length > 0 && recorded[index] === undefined;
        if (lease !== undefined && !isThere) leases.release(lease.token, id);
      }
    }
  }

  /** @throws whatever is not expected; then the leases run out, and a worker sends the messages */
  async #dispatch(held: readonly Held[], call: DispatchCall): Promise<readonly Dispatched[]> {
    const { dispatcher, leases } = this.#parts;
    try {
      return await dispatcher.dispatch(held, call);
    } catch (error) {
      for (const { token, stored } of held) leases.release(token, stored.id);
      throw error;
    }
  }

  /**
   * Makes messages for the store.
   * @param isLive whether those for now are sent at once: else they wait for the provider
   */
  async #entries(messages: readonly CheckedMessage[], lease: Lease, isLive: boolean): Promise<Entry[]> {
    const { recording, service, conditions, timeout } = this.#parts.host;
    const { seal } = recording;
    const slices = new TimeSlices();
    const contents: string[] = [];
    for (const { draft, options } of messages) {
      contents.push(contentText(draft, options));
      if (slices.isOver) await slices.next();
    }
    const sealed =
      seal === undefined ? contents : await Promise.all(contents.map((text) => turned('seal', seal, text, timeout)));
    // One that is never tried again does not wait for a provider that is away.
    const mayGo = ({ retryDelays = recording.retryDelays }: MessageOptions): boolean =>
      isLive || retryDelays.length === 0;
    const entryOf = ({ draft, options: own, recipients, origin }: CheckedMessage, index: number): Entry => {
      const { message } = draft;
      const isSkipped = origin?.skip !== undefined;
      const goesNow = isSkipped || (mayGo(own) && (own.condition === undefined || conditions.has(own.condition)));
      const { idempotencyKey, expires, key, tag, condition, relatedTo, priority, sendAfter, isNow } = own;
      return {
        draft,
        options: own,
        isSkipped,
        content: contents[index] ?? '',
        message: {
          id: message.id,
          service,
          event: message.event,
          recipients,
          priority,
          tag,
          key,
          condition,
          relatedTo,
          content: sealed[index] ?? '',
          details: detailsText(draft, own, origin),
          sendAfter,
          expires,
          idempotency:
            idempotencyKey === undefined
              ? undefined
              : { key: idempotencyKey, digest: digestOf(draft, recipients), ttlMs: recording.idempotencyTtlMs },
          lease: isNow && goesNow ? lease : undefined,
        },
      };
    };
    const entries: Entry[] = [];
    for (const [index, each] of messages.entries()) {
      entries.push(entryOf(each, index));
      if (slices.isOver) await slices.next();
    }
    return entries;
  }

  /** Records messages. Of those with one idempotency key, the first is recorded before the others are tried. */
  async #insertAll(messages: readonly NewMessage[], transaction: unknown): Promise<readonly (Recorded | undefined)[]> {
    const { store, clock } = this.#parts.host;
    const options = { now: storeNow(clock)(), transaction };
    const keys = new Set<string>();
    const isRepeated = messages.map(({ idempotency }) => {
      if (idempotency === undefined) return false;
      return keys.size === keys.add(idempotency.key).size;
    });
    if (!isRepeated.includes(true)) return store.insert(messages, options);
    const first = await store.insert(
      messages.filter((_, index) => !isRepeated[index]),
      options,
    );
    const answers: (Recorded | undefined)[] = [];
    let position = 0;
    for (const [index, message] of messages.entries()) {
      const [answer] = isRepeated[index] ? await store.insert([message], options) : [first[position++]];
      answers.push(answer);
    }
    return answers;
  }

  #isRecorded(entry: Entry, held: Map<Entry, Held>): void {
    const { host, waits } = this.#parts;
    const { message, draft } = entry;
    const now = host.clock.now();
    const stored = storedFrom(message, now);
    const content = readContent(entry.content);
    if (content === undefined) return;
    host.events.tell('recorded', () => recordOf(stored, content));
    if (message.lease === undefined) {
      this.#warnOf(message.condition);
      if (entry.options.transaction === undefined) waits(stored, stored.sendAfter - now);
      return;
    }
    const { token } = message.lease;
    held.set(entry, { stored, token, isExpired: false, content, details: JSON.parse(message.details), draft });
  }

  /** Warns once of a condition that the worker of this process cannot ask: it may be misspelt. */
  #warnOf(condition: string | undefined): void {
    const { host, isWorking } = this.#parts;
    const { conditions, logger } = host;
    if (condition === undefined || condition === UNREAD || !isWorking()) return;
    if (!conditions.isFirstMiss(condition)) return;
    logger.warn(
      { condition },
      `a message waits for the condition "${condition}", which this process does not know: add it by PushService.condition("${condition}", …) here or in a process with a worker`,
    );
  }

  #reports<User>(ended: readonly Ended[], entries: readonly Entry[]): SendReport<User>[] {
    const { backend, logger } = this.#parts.host;
    const reports = ended.map(({ report }) => report);
    // What is not meant to be sent says nothing of the others.
    const tried = ended.filter((_, index) => entries[index]?.isSkipped === false);
    const hasHope = tried.some(({ report, failure }) => failure === undefined && report.status !== 'rejected');
    if (!hasHope) {
      throwIfAllRejected(
        tried.map(({ report }) => report),
        backend.name,
      );
      for (const { failure } of tried) if (failure !== undefined) throw failure;
    }
    // A report has errors of channels alone.
    for (const { report, failure } of tried)
      if (failure !== undefined)
        logger.warn({ err: failure, id: report.id, event: report.event }, 'a message of sendMany() was not sent');
    return reports as SendReport<User>[];
  }
}

/** The transaction that messages are recorded in. @throws ValidationError for several, or one that the store refuses */
function transactionOf(entries: readonly Entry[], { store }: RecordingHost): unknown {
  const transactions = new Set(entries.map(({ options }) => options.transaction));
  if (transactions.size > 1)
    throw new ValidationError('The messages of sendMany() must all have the same "transaction", or none of them.');
  const [transaction] = transactions;
  if (transaction === undefined) return undefined;
  if (store.checkTransaction === undefined)
    throw new ValidationError(
      `The ${store.name} store records in no transaction of yours: take the store of the database that the transaction is in.`,
    );
  store.checkTransaction(transaction);
  return transaction;
}
