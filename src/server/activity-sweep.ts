import { closeCode, ping } from '../pusher-protocol/messages.js';
import type { App } from './app.js';
import type { Connection } from './connection.js';
import { textFrame } from './frames.js';

/** Sweeps in the shorter of the two time-outs. */
const SWEEPS_A_TIMEOUT = 6;

const pingFrame = textFrame(ping);

/**
 * Finds the connections that have fallen silent: pings them, and ends those that do not answer. One timer serves all of
 * them. Time is counted in sweeps, so each message of a client costs no more than storing a small number.
 */
export class ActivitySweep {
  /** Number of sweeps so far. */
  count = 0;
  readonly #apps: Iterable<App>;
  readonly #intervalMs: number;
  readonly #silentSweeps: number;
  readonly #goneSweeps: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(apps: Iterable<App>, activityTimeoutSeconds: number, pongTimeoutSeconds: number) {
    this.#apps = apps;
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
    for (const app of this.#apps) {
      for (const connection of app.connections.values()) this.#check(app, connection);
    }
  }

  #check(app: App, connection: Connection): void {
    const silent = this.count - connection.lastSweep;
    if (silent < this.#silentSweeps) return;
    if (silent >= this.#goneSweeps && connection.isPinged) {
      app.end(connection, closeCode.noPong, 'Pong reply not received in time');
    } else if (!connection.isPinged) {
      connection.isPinged = true;
      connection.send(pingFrame);
    }
  }
}
