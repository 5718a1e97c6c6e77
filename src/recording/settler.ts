import { systemClock } from '../core/clock.js';
import type { Appended, Settlement } from '../messages/store.js';
import { backoffDelay } from '../wire/backoff.js';
import type { Conclusion } from './conclusion.js';
import type { Content } from './content.js';
import { eventOfState } from './events.js';
import type { Held } from './held.js';
import { type RecordingHost, storeNow } from './host.js';
import type { Leases } from './leases.js';
import { recordOf } from './record.js';
import { Together } from './together.js';

/** Most settlements that go to the store in one call. */
const MOST_TOGETHER = 1_000;
/** Most messages whose settlement waits for the store. Beyond, the leases of the oldest run out. */
const MOST_WAITING = 10_000;

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
  /** What the store has not taken yet. */
  #waiting: Ended[] = [];
  #callOff: (() => void) | undefined;
  #failures = 0;

  constructor(host: RecordingHost, leases: Leases) {
    this.#host = host;
    this.#leases = leases;
    const now = storeNow(host.clock, systemClock);
    this.#together = new Together((settlements) => host.store.settle(settlements, now()), MOST_TOGETHER);
  }

  /** How many messages have ended and are not written down. */
  get unsettled(): number {
    return this.#waiting.length;
  }

  /**
   * Settles messages. It never throws: the provider has answered, whatever the store says.
   * @param appended what was accepted of messages that are tried again
   */
  async settle(ended: readonly Ended[], appended: readonly Appended[] = []): Promise<void> {
    if (ended.length === 0) return;
    try {
      if (appended.length > 0) await this.#host.store.append(appended);
      await this.#write(ended);
    } catch (error) {
      this.#later(ended, error);
    }
  }

  async #write(ended: readonly Ended[]): Promise<void> {
    const { recording, clock } = this.#host;
    const settlements = ended.map(({ held, conclusion: { settlement } }): Settlement => {
      const isSent = settlement.state === 'SENT' || settlement.state === 'DEBUG';
      return { id: held.stored.id, token: held.token, ...settlement, dropsContent: recording.dropsData && isSent };
    });
    const areHeld = await this.#together.add(settlements);
    const late: Appended[] = [];
    for (const [index, { held, conclusion }] of ended.entries()) {
      const { id } = held.stored;
      this.#leases.release(held.token, id);
      if (areHeld[index] === true) this.#tell(held, conclusion, clock.now());
      else {
        // Somebody else has it now. That it was accepted is still true.
        const accepted = conclusion.settlement.outcomes.filter(({ state }) => state === 'accepted');
        if (accepted.length > 0) late.push({ id, outcomes: accepted });
      }
    }
    if (late.length > 0) await this.#host.store.append(late);
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
    const { logger, store } = this.#host;
    if (this.#failures++ === 0)
      logger.error(
        { err: error },
        `the ${store.name} store could not write down what became of messages: it is tried again`,
      );
    this.#waiting.push(...ended);
    for (const { held } of this.#waiting.splice(0, Math.max(0, this.#waiting.length - MOST_WAITING)))
      this.#leases.release(held.token, held.stored.id);
    this.#callOff ??= this.#host.clock.after(backoffDelay(this.#failures), () => void this.#again());
  }

  async #again(): Promise<void> {
    this.#callOff = undefined;
    const ended = this.#waiting.splice(0, MOST_TOGETHER);
    const appended = ended.flatMap(({ held, conclusion }) =>
      conclusion.appended.length === 0 ? [] : [{ id: held.stored.id, outcomes: conclusion.appended }],
    );
    const before = this.#failures;
    await this.settle(ended, appended);
    if (this.#failures > before) return;
    this.#failures = 0;
    if (this.#waiting.length > 0) await this.#again();
  }

  /** Tries a last time to write down what waits. */
  async close(): Promise<void> {
    this.#callOff?.();
    if (this.#waiting.length > 0) await this.#again();
    this.#callOff?.();
    this.#callOff = undefined;
  }
}
