import { closeCode } from '../../channels-protocol/close-codes.js';
import { ping } from '../../channels-protocol/messages.js';
import type { Connection } from './connection.js';
import { textFrame } from './frames.js';

/** How often the shorter of the two times is looked at while it passes. */
const SWEEPS_A_TIMEOUT = 6;

const pingMessage = textFrame(ping);

/**
 * Finds the connections that have fallen silent. One timer serves all of them: time is counted in sweeps, so that hearing of a
 * client costs no more than storing a small number.
 */
export class ActivitySweep {
  /** Sweeps so far. */
  count = 0;
  readonly #connections: () => Iterable<Connection>;
  readonly #intervalMs: number;
  readonly #silentSweeps: number;
  readonly #goneSweeps: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(connections: () => Iterable<Connection>, activityTimeoutSeconds: number, pongTimeoutSeconds: number) {
    this.#connections = connections;
    this.#intervalMs = (Math.min(activityTimeoutSeconds, pongTimeoutSeconds) * 1000) / SWEEPS_A_TIMEOUT;
    this.#silentSweeps = Math.ceil((activityTimeoutSeconds * 1000) / this.#intervalMs);
    this.#goneSweeps = this.#silentSweeps + Math.ceil((pongTimeoutSeconds * 1000) / this.#intervalMs);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#sweep(), this.#intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    this.count++;
    for (const connection of this.#connections()) {
      const silent = this.count - connection.lastSweep;
      if (silent < this.#silentSweeps) continue;
      if (silent >= this.#goneSweeps && connection.isPinged) {
        connection.close(closeCode.noPong, 'Pong reply not received in time');
      } else if (!connection.isPinged) {
        connection.isPinged = true;
        connection.send(pingMessage);
      }
    }
  }
}
