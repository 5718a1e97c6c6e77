import type { AnyBackend } from '../backends/contract/wrapper.js';
import { PushError } from '../core/errors.js';
import { causeOf, cleaned, textOf } from '../core/redaction.js';
import { DeliveryError } from '../core/report.js';
import type { ClaimedMessage } from '../messages/store.js';
import type { Dispatcher } from './dispatcher.js';
import { type Held, revived } from './held.js';
import { type RecordingHost, storeNow } from './host.js';
import type { Leases } from './leases.js';
import type { ReadContent } from './record.js';
import type { Settler } from './settler.js';

/** The parts of recording that claimed messages are sent with. */
interface ClaimedWorkParts {
  readonly host: RecordingHost;
  readonly leases: Leases;
  readonly dispatcher: Dispatcher;
  readonly settler: Settler;
  readonly read: ReadContent;
  /** Fires when nothing more is to be claimed. */
  readonly stop: AbortSignal;
  /** Fires when what has not been sent is to go back to the store. */
  readonly giveUp: AbortSignal;
  /** Hears that a message has ended that was claimed. */
  readonly ended: (id: string) => void;
}

/** Claims messages and sends them. */
export class ClaimedWork {
  readonly #parts: ClaimedWorkParts;
  readonly #underWay = new Set<Promise<void>>();
  #messages = 0;
  #room = Promise.withResolvers<void>();

  constructor(parts: ClaimedWorkParts) {
    this.#parts = parts;
  }

  /** Number of messages under way. */
  get count(): number {
    return this.#messages;
  }

  /** Resolves when a message under way has ended, or {@link wake} is called. */
  get room(): Promise<void> {
    return this.#room.promise;
  }

  wake(): void {
    this.#room.resolve();
  }

  /** Resolves when all that is under way has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /**
   * Claims messages and begins to send them. One whose lease ran out is sent alone, and has ended then.
   * @param ids those among which it claims. @default all of the service
   * @returns those that it claimed, and the end of their sending
   */
  async take(
    limit: number,
    ids?: readonly string[],
  ): Promise<{ readonly claimed: readonly ClaimedMessage[]; readonly sent?: Promise<void> }> {
    const { host, leases } = this.#parts;
    const lease = leases.next();
    const { store, service, conditions, clock } = host;
    const now = storeNow(clock)();
    const claimed = await store.claim({ service, lease, limit, conditions: conditions.names, ids, now });
    const [first] = claimed;
    if (first === undefined) return { claimed };
    const isSuspect = !first.isBegun;
    // Its lease ran out unnoticed: the clock was set, this process stood still, or the store was away.
    const isUnderWay = isSuspect && leases.tokenOf(first.id) !== undefined;
    leases.hold(
      lease.token,
      claimed.map(({ id }) => id),
    );
    if (isSuspect && (await this.#parts.settler.settleLate(first.id))) {
      this.#parts.ended(first.id);
      return { claimed };
    }
    if (isSuspect) await this.#begin(first, isUnderWay);
    if (isUnderWay) {
      this.#parts.ended(first.id);
      return { claimed };
    }
    const sent = this.#send(claimed, lease.token);
    if (isSuspect) await sent;
    return { claimed, sent };
  }

  /** Begins to send a message whose lease ran out. @param isUnderWay whether this process is sending it */
  async #begin({ id, token }: ClaimedMessage, isUnderWay: boolean): Promise<void> {
    const { host, leases } = this.#parts;
    try {
      // A process may have died of it: nothing else is under way when it is tried.
      if (!isUnderWay) await Promise.all(this.#underWay);
      if (!this.#parts.stop.aborted) await host.store.begin(token, [id]);
    } catch (error) {
      // It is claimed again when its lease runs out.
      if (!isUnderWay) leases.release(token, id);
      throw error;
    }
  }

  /** Sends messages. One with a condition goes by itself: asking it may take long, and the others do not wait. */
  async #send(claimed: readonly ClaimedMessage[], token: string): Promise<void> {
    const asked = claimed.filter(({ condition }) => condition !== undefined);
    const others = claimed.filter(({ condition }) => condition === undefined);
    await Promise.all([others, ...asked.map((each) => [each])].map((group) => this.#sendGroup(group, token)));
  }

  async #sendGroup(group: readonly ClaimedMessage[], token: string): Promise<void> {
    if (group.length === 0) return;
    let left = group.length;
    const ended = (messages: number): void => {
      left -= messages;
      this.#messages -= messages;
      this.#room.resolve();
      this.#room = Promise.withResolvers();
    };
    this.#messages += left;
    const endedOne = (id: string): void => {
      this.#parts.ended(id);
      ended(1);
    };
    const sending = this.#dispatch(group, token, endedOne)
      .catch((error: unknown) => {
        this.#parts.host.logger.error({ err: error }, 'recorded messages could not be sent');
        // Their leases run out.
        for (const { id } of group) this.#parts.leases.release(token, id);
      })
      .finally(() => {
        this.#underWay.delete(sending);
        for (const { id } of group) this.#parts.ended(id);
        ended(left);
      });
    this.#underWay.add(sending);
    await sending;
  }

  async #dispatch(claimed: readonly ClaimedMessage[], token: string, ended: (id: string) => void): Promise<void> {
    const { host, dispatcher, read } = this.#parts;
    const wasStopped = this.#parts.stop.aborted;
    const revive = async (stored: ClaimedMessage): Promise<Held | undefined> => {
      const claim = { stored, token, isExpired: stored.isExpired };
      try {
        return await revived(claim, read, host);
      } catch (error) {
        await dispatcher.cannotSend(claim, unreadable(error, host.backend));
        ended(stored.id);
        return undefined;
      }
    };
    const held = (await Promise.all(claimed.map(revive))).filter((each) => each !== undefined);
    await dispatcher.dispatch(held, {
      // What was claimed while the worker stopped goes back.
      signal: wasStopped ? AbortSignal.abort(this.#parts.stop.reason) : this.#parts.giveUp,
      handsBack: true,
      ended,
      startedAt: performance.now(),
    });
  }
}

function unreadable(error: unknown, backend: AnyBackend): PushError {
  if (PushError.isPushError(error)) return cleaned(error, backend);
  return new DeliveryError(`The recorded message cannot be made ready: ${textOf(error, backend)}`, {
    outcome: 'rejected',
    retryable: true,
    cause: causeOf(error, backend),
  });
}
