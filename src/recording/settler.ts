import { PushError } from '../core/errors.js';
import type { ChannelOutcome } from '../messages/record.js';
import { waitingStates } from '../messages/states.js';
import type { Appended, Settlement } from '../messages/store.js';
import { backoffDelay } from '../wire/backoff.js';
import type { Conclusion } from './conclusion.js';
import type { Content } from './content.js';
import { eventOfState } from './events.js';
import type { Held } from './held.js';
import { type RecordingHost, storeNow } from './host.js';
import { joined } from './journal.js';
import type { Leases } from './leases.js';
import { recordOf } from './record.js';
import { Together } from './together.js';

/** Most settlements that go to the store in one call. */
const MOST_TOGETHER = 1_000;
/** Most messages whose settlement waits for the store. Beyond, the leases of the oldest run out. */
const MOST_WAITING = 10_000;

/** Most messages of which it is remembered how they ended when their leases had run out. */
const MOST_LATE = 1_000;

/** A message that has ended, and how. */
export interface Ended {
  readonly held: Pick<Held, 'stored' | 'token'> & { readonly content: Content | undefined };
  readonly conclusion: Conclusion;
}

/** Writes down how messages ended. When the store is away, it tries again until it is there. */
export class Settler {
  readonly #host: RecordingHost;
  readonly #leases: Leases;
  readonly #together: Together<Settlement, boolean>;
  readonly #appending: Together<Appended, undefined>;
  /** What the store has not taken yet. */
  #waiting: Ended[] = [];
  /** What ended when its lease had run out, the oldest first. What was accepted of it is in the store. */
  readonly #late = new Map<string, Ended>();
  #callOff: (() => void) | undefined;
  /** Whether the store has failed since it was tried last. */
  #isAway = false;
  /** How many times in a row what waits was tried again. */
  #tries = 0;
  #isClosed = false;

  constructor(host: RecordingHost, leases: Leases) {
    this.#host = host;
    this.#leases = leases;
    const now = storeNow(host.clock);
    this.#together = new Together(
      (settlements) => host.store.settle(settlements, now()),
      MOST_TOGETHER,
      // Where a message is alone under way, nothing else can end in this turn.
      (work) => (leases.count > 1 ? setImmediate(work) : queueMicrotask(work)),
    );
    this.#appending = new Together(
      async (appended) => {
        await host.store.append(joined(appended));
        return appended.map(() => undefined);
      },
      MOST_TOGETHER,
      setImmediate,
    );
  }

  /** Keeps what was accepted, whoever holds the message now. @throws what the store throws */
  async append(appended: Appended): Promise<void> {
    await this.#appending.add([appended]);
  }

  /** Settles messages. It never throws: the provider has answered, whatever the store says. */
  async settle(ended: readonly Ended[]): Promise<void> {
    if (ended.length === 0) return;
    let open = ended;
    try {
      const appended = ended.flatMap(({ held, conclusion }) =>
        conclusion.appended.length === 0 ? [] : [{ id: held.stored.id, outcomes: conclusion.appended }],
      );
      if (appended.length > 0) {
        await this.#appending.add(appended);
        // It must not be appended again when the rest fails.
        open = ended.map(({ held, conclusion }) => ({ held, conclusion: { ...conclusion, appended: [] } }));
      }
      await this.#write(open);
    } catch (error) {
      // One of them may be what the store does not take, and the others must not wait with it.
      if (open.length > 1 && PushError.isPushError(error) && !error.retryable)
        for (const each of open) await this.settle([each]);
      else this.#later(open, error);
    }
  }

  async #write(ended: readonly Ended[]): Promise<void> {
    const { recording, clock } = this.#host;
    const settlements = ended.map(({ held, conclusion: { settlement } }): Settlement => {
      const isSent = settlement.state === 'SENT' || settlement.state === 'DEBUG';
      const { id } = held.stored;
      const token = this.#leases.tokenOf(id) ?? held.token;
      return { id, token, ...settlement, dropsContent: recording.dropsData && isSent };
    });
    const areHeld = await this.#together.add(settlements);
    const again: Ended[] = [];
    const late: Ended[] = [];
    for (const [index, each] of ended.entries()) {
      const { id, token } = settlements[index] as Settlement;
      const isHeld = areHeld[index] === true;
      if (!isHeld && this.#isHeldAnew(id, token)) {
        again.push(each);
        continue;
      }
      this.#leases.release(token, id);
      if (!isHeld) late.push(each);
      else {
        this.#tell(each.held, each.conclusion, clock.now());
        this.#waits(each);
      }
    }
    if (again.length > 0) await this.#write(again);
    if (late.length === 0) return;
    for (const each of late) this.#remember(each);
    await this.#keepAccepted(late);
  }

  /** Puts a message into the queue that is tried again. */
  #waits({ held: { stored }, conclusion: { settlement } }: Ended): void {
    const { feed } = this.#host;
    if (feed === undefined || !waitingStates.includes(settlement.state)) return;
    const { attempts, sendAfter } = settlement;
    const inMs = sendAfter?.inMs ?? 0;
    if (attempts > stored.attempts) feed.add({ ...stored, attempts }, inMs);
    else feed.again(stored, inMs);
  }

  /** Keeps how a message ended that somebody else has now, such as the worker of this process, which just took it. */
  #remember({ held, conclusion }: Ended): void {
    const { settlement } = conclusion;
    const outcomes = settlement.outcomes.filter(({ state }) => state !== 'accepted');
    this.#late.set(held.stored.id, { held, conclusion: { ...conclusion, settlement: { ...settlement, outcomes } } });
    for (const oldest of this.#late.keys()) {
      if (this.#late.size <= MOST_LATE) break;
      this.#late.delete(oldest);
    }
  }

  /**
   * Settles a message that has ended in this process before it was claimed here again.
   * @returns false when it is to be sent
   */
  async settleLate(id: string): Promise<boolean> {
    const ended = this.#late.get(id);
    if (ended === undefined) return false;
    this.#late.delete(id);
    await this.settle([ended]);
    return true;
  }

  /** Whether this process holds a message by another token: its lease ran out, and the worker has claimed it again. */
  #isHeldAnew(id: string, token: string): boolean {
    const current = this.#leases.tokenOf(id);
    return current !== undefined && current !== token;
  }

  /**
   * Keeps what was accepted of messages that somebody else has now. They may have been settled before, by a call whose
   * answer was lost.
   */
  async #keepAccepted(late: readonly Ended[]): Promise<void> {
    const { store, service } = this.#host;
    const ids = late.map(({ held }) => held.stored.id);
    const known = new Map((await store.get(service, ids)).map((stored) => [stored.id, acceptedOf(stored.outcomes)]));
    const appended = late.flatMap(({ held: { stored }, conclusion }): Appended[] => {
      const before = known.get(stored.id);
      const outcomes = conclusion.settlement.outcomes.filter(
        ({ state, channels }) => state === 'accepted' && !channels.every((channel) => before?.has(channel)),
      );
      return before === undefined || outcomes.length === 0 ? [] : [{ id: stored.id, outcomes }];
    });
    if (appended.length > 0) await this.#appending.add(appended);
  }

  #tell(held: Ended['held'], { settlement }: Conclusion, now: number): void {
    const event = eventOfState[settlement.state];
    if (event === undefined) return;
    const { sendAfter, ...rest } = settlement;
    this.#host.events.tell(event, () => {
      const { stored, content } = held;
      const outcomes = [...stored.outcomes.filter(({ state }) => state === 'accepted'), ...settlement.outcomes];
      const sentAt = settlement.state === 'SENT' ? now : stored.sentAt;
      const due = sendAfter?.inMs === undefined ? stored.sendAfter : now + sendAfter.inMs;
      return recordOf(
        { ...stored, ...rest, outcomes, changedAt: now, sentAt, sendAfter: due } as Held['stored'],
        content,
      );
    });
  }

  #later(ended: readonly Ended[], error: unknown): void {
    const { logger, store, clock } = this.#host;
    if (this.#isClosed) {
      const ids = ended.map(({ held }) => held.stored.id);
      logger.warn({ err: error, ids }, 'messages ended after close(): others send them when their leases have run out');
      return;
    }
    if (!this.#isAway && this.#tries === 0)
      logger.error(
        { err: error },
        `the ${store.name} store could not write down what became of messages: it is tried again`,
      );
    this.#isAway = true;
    this.#waiting.push(...ended);
    for (const { held } of this.#waiting.splice(0, Math.max(0, this.#waiting.length - MOST_WAITING)))
      this.#leases.release(this.#leases.tokenOf(held.stored.id) ?? held.token, held.stored.id);
    // Many calls may fail at once, and are tried again together.
    this.#callOff ??= clock.after(backoffDelay(this.#tries++), () => void this.#again());
  }

  async #again(): Promise<void> {
    this.#callOff = undefined;
    this.#isAway = false;
    await this.settle(this.#waiting.splice(0, MOST_TOGETHER));
    if (this.#isAway) return;
    this.#tries = 0;
    if (this.#waiting.length > 0) await this.#again();
  }

  /** Tries a last time to write down what waits. What ends later is written down if the store is still there. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#callOff?.();
    if (this.#waiting.length > 0) await this.#again();
    this.#callOff?.();
    this.#callOff = undefined;
  }
}

function acceptedOf(outcomes: readonly ChannelOutcome[]): ReadonlySet<string> {
  return new Set(outcomes.flatMap(({ state, channels }) => (state === 'accepted' ? channels : [])));
}
