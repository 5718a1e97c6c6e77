import type { AnyBackend } from '../backends/contract/wrapper.js';
import { PushError } from '../core/errors.js';
import { causeOf, cleaned, textOf } from '../core/redaction.js';
import { DeliveryError } from '../core/report.js';
import type { ClaimedMessage } from '../messages/store.js';
import type { DispatchCall, Dispatcher } from './dispatcher.js';
import { type Held, revived } from './held.js';
import { type RecordingHost, storeNow } from './host.js';
import type { Leases } from './leases.js';
import type { ProviderWatch } from './provider-watch.js';
import type { ReadContent } from './record.js';
import type { Settler } from './settler.js';

/** The parts of recording that send what is due. */
export interface ClaimingParts {
  readonly host: RecordingHost;
  readonly leases: Leases;
  readonly dispatcher: Dispatcher;
  readonly settler: Settler;
  readonly watch: ProviderWatch;
  readonly read: ReadContent;
  /** What was claimed in this process and is under way, whoever has claimed it. */
  readonly underWay: Set<Promise<void>>;
}

/**
 * How a step ended. `went on`: it took messages, or waited for room. `nothing is due`. `provider away`: nothing may be
 * sent, because the provider does not answer or the backend is not open.
 */
export type Step = 'went on' | 'nothing is due' | 'provider away';

/** Messages that were claimed. */
export interface Taken {
  readonly ids: readonly string[];
  /** Resolves when all of them have ended. */
  readonly sent: Promise<void>;
}

/** Claims messages that are due, and sends them. */
export class Claimer {
  readonly #parts: ClaimingParts;
  readonly #call: Pick<DispatchCall, 'limits' | 'ended'>;
  readonly #own = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #giveUp = new AbortController();
  #messages = 0;
  #taken = 0;
  /** Goes on when a message under way has ended. */
  #room = Promise.withResolvers<void>();

  constructor(parts: ClaimingParts, call: Pick<DispatchCall, 'limits' | 'ended'> = {}) {
    this.#parts = parts;
    this.#call = call;
  }

  /** Number of messages under way. */
  get messages(): number {
    return this.#messages;
  }

  /** Number of messages that it has begun to send, or has handed back. */
  get taken(): number {
    return this.#taken;
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Takes nothing more. */
  stop(): void {
    this.#stop.abort(new Error('the worker stops'));
    this.#room.resolve();
  }

  /** Hands back what has not been sent. */
  handBack(): void {
    this.#giveUp.abort(new Error('the process ends'));
    this.stop();
  }

  /** Resolves when what is under way has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#own);
  }

  /**
   * Claims messages and begins to send them.
   * @param concurrency the most messages under way at once
   * @param most the most messages to take
   * @throws what the store throws
   */
  async step(concurrency: number, most: number = concurrency): Promise<Step> {
    const { host, watch } = this.#parts;
    // A process whose backend cannot be opened must not take messages from those that can send them.
    if (!watch.isLive || !host.isOpen()) return 'provider away';
    const room = concurrency - this.#messages;
    // Claims of a few messages each would cost as much as those of many.
    if (!watch.isAway && room < concurrency / 2) {
      await this.#room.promise;
      return 'went on';
    }
    const { ids, sent } = await this.take(watch.isAway ? 1 : Math.min(room, most));
    // The answer of a provider that was away decides whether more are sent.
    if (watch.isAway) await sent;
    return ids.length === 0 ? 'nothing is due' : 'went on';
  }

  /**
   * Claims messages and begins to send them. One whose lease ran out comes alone, and has been sent by then.
   * @param among the ids of those among which it claims. @default all of the service
   * @throws what the store throws
   */
  async take(limit: number, among?: readonly string[]): Promise<Taken> {
    const { host, leases, settler } = this.#parts;
    const lease = leases.next();
    const { store, service, conditions, clock } = host;
    const now = storeNow(clock)();
    const claimed = await store.claim({ service, lease, limit, conditions: conditions.names, ids: among, now });
    const [first] = claimed;
    if (first === undefined) return { ids: [], sent: Promise.resolve() };
    const ids = claimed.map(({ id }) => id);
    const isSuspect = !first.isBegun;
    // Its lease ran out unnoticed: the clock was set, this process stood still, or the store was away.
    const isUnderWay = isSuspect && leases.tokenOf(first.id) !== undefined;
    leases.hold(lease.token, ids);
    if (isSuspect && (await settler.settleLate(first.id))) return { ids, sent: Promise.resolve() };
    if (isSuspect) await this.#begin(first, isUnderWay);
    if (isUnderWay) return { ids, sent: Promise.resolve() };
    const sent = this.#send(claimed, lease.token);
    if (isSuspect) await sent;
    return { ids, sent };
  }

  /** Begins to send a message whose lease ran out. @param isUnderWay whether this process is sending it */
  async #begin({ id, token }: ClaimedMessage, isUnderWay: boolean): Promise<void> {
    const { host, leases, underWay } = this.#parts;
    try {
      // A process may have died of it: nothing else is under way when it is tried.
      if (!isUnderWay) await Promise.all(underWay);
      if (!this.isStopped) await host.store.begin(token, [id]);
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
    this.#taken += claimed.length;
    await Promise.all([others, ...asked.map((each) => [each])].map((group) => this.#sendGroup(group, token)));
  }

  async #sendGroup(group: readonly ClaimedMessage[], token: string): Promise<void> {
    if (group.length === 0) return;
    const { host, leases, underWay } = this.#parts;
    let left = group.length;
    const ended = (messages = 1): void => {
      left -= messages;
      this.#messages -= messages;
      this.#room.resolve();
      this.#room = Promise.withResolvers();
    };
    this.#messages += left;
    const sending = this.#dispatch(group, token, () => ended())
      .catch((error: unknown) => {
        host.logger.error({ err: error }, 'recorded messages could not be sent');
        // Their leases run out.
        for (const { id } of group) leases.release(token, id);
      })
      .finally(() => {
        underWay.delete(sending);
        this.#own.delete(sending);
        ended(left);
      });
    underWay.add(sending);
    this.#own.add(sending);
    await sending;
  }

  async #dispatch(claimed: readonly ClaimedMessage[], token: string, hasRoom: () => void): Promise<void> {
    const { host, dispatcher, read } = this.#parts;
    const wasStopped = this.isStopped;
    const ended: DispatchCall['ended'] = (id, settlement) => {
      this.#call.ended?.(id, settlement);
      hasRoom();
    };
    const revive = async (stored: ClaimedMessage): Promise<Held | undefined> => {
      const claim = { stored, token, isExpired: stored.isExpired };
      try {
        return await revived(claim, read, host);
      } catch (error) {
        await dispatcher.cannotSend(claim, unreadable(error, host.backend), { ...this.#call, ended });
        return undefined;
      }
    };
    const held = (await Promise.all(claimed.map(revive))).filter((each) => each !== undefined);
    await dispatcher.dispatch(held, {
      ...this.#call,
      // What was claimed while it stopped goes back.
      signal: wasStopped ? AbortSignal.abort(this.#stop.signal.reason) : this.#giveUp.signal,
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
