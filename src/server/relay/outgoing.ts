import { DeliveryError } from '../../core/report.js';
import type { Partition } from './partition.js';
import type { RelayConnection, RelayMessage } from './relay.js';

/** Messages in one call, and their bytes, so that none takes long. */
const MAX_MESSAGES = 500;
const MAX_BYTES = 1_048_576;
/** About what a message takes beside its payload while it waits. */
const BYTES_OF_ITS_OWN = 500;
/** Bytes that may wait because the relay is slow. Further messages are refused. */
const MAX_WAITING_BYTES = 67_108_864;

interface Waiting extends PromiseWithResolvers<void> {
  readonly message: RelayMessage;
  /** When it was handed over, by `performance.now()`. */
  readonly at: number;
}

/**
 * The messages of this node to one partition, in their order. What is published while a call is under way goes out with
 * the next one, so a busy node makes few calls, and a quiet one waits for nothing.
 */
export class Outgoing {
  readonly #number: number;
  readonly #connection: RelayConnection;
  /** How long a message may wait, in milliseconds. */
  readonly #maxAgeMs: number;
  /** Undefined for a node that serves nobody. */
  readonly #partition: Partition | undefined;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #isSending = false;

  /** @param leaseMs a node that was frozen for longer than this does not publish what it had waiting */
  constructor(number: number, connection: RelayConnection, leaseMs: number, partition: Partition | undefined) {
    this.#number = number;
    this.#connection = connection;
    this.#maxAgeMs = leaseMs;
    this.#partition = partition;
  }

  /**
   * Publishes a message.
   * @throws DeliveryError `rejected` when it was not published, `unknown` when nobody knows
   */
  publish(message: RelayMessage): Promise<void> {
    if (this.#bytes > MAX_WAITING_BYTES) return Promise.reject(refused('takes messages too slowly, and many wait'));
    const waiting = { message, at: performance.now(), ...Promise.withResolvers<void>() };
    this.#waiting.push(waiting);
    this.#bytes += message.payload.length + BYTES_OF_ITS_OWN;
    if (!this.#isSending) {
      this.#isSending = true;
      // What is published within the same step goes into the same call.
      queueMicrotask(() => void this.#send());
    }
    return waiting.promise;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.#call(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isSending = false;
  }

  #take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { message } of this.#waiting) {
      bytes += message.payload.length;
      if (count === MAX_MESSAGES || (count > 0 && bytes > MAX_BYTES)) break;
      count++;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = count === this.#waiting.length ? [] : this.#waiting.slice(count);
    for (const { message } of batch) this.#bytes -= message.payload.length + BYTES_OF_ITS_OWN;
    return batch;
  }

  async #call(batch: readonly Waiting[]): Promise<void> {
    const messages = batch.map(({ message }) => message);
    const partition = this.#partition;
    // A node that was frozen, or a relay that has lost its memory: once more under a new name.
    for (let tries = 0; tries < 2; tries++) {
      this.#checkAge(batch);
      const incarnation = partition?.incarnation;
      if (partition === undefined || incarnation !== undefined) {
        const isDone = await this.#connection.publish(this.#number, incarnation, messages);
        if (isDone || partition === undefined) return;
      }
      try {
        await partition.register(incarnation);
      } catch (error) {
        throw refused(`does not know this node, and does not take it in (${(error as Error).message})`);
      }
    }
    throw refused('does not keep this node, whose lease ends at once');
  }

  /** @throws DeliveryError for what has waited too long: it must not come as if it were news */
  #checkAge([oldest]: readonly Waiting[]): void {
    if (oldest !== undefined && performance.now() - oldest.at > this.#maxAgeMs)
      throw refused(`was not reached for ${this.#maxAgeMs} ms`);
  }
}

function refused(problem: string): DeliveryError {
  return new DeliveryError(`The relay ${problem}: nothing was published.`, {
    backend: 'websocket',
    outcome: 'rejected',
    retryable: true,
  });
}
