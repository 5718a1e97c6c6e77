import { closeCode, ping } from '../pusher-protocol/messages.js';
import type { App } from './app.js';
import type { Connection } from './connection.js';
import { pingFrame, textFrame } from './frames.js';

/** Sweeps in the shorter of the two time-outs. */
const SWEEPS_A_TIMEOUT = 6;

const pusherPing = textFrame(ping);

/**
 * Finds the connections of an application that have fallen silent: pings them, and ends those that do not answer. One
 * timer serves all of them. Time is counted in sweeps, so each message of a client costs no more than storing a small
 * number.
 *
 * Each is pinged twice, with `pusher:ping` and with a ping frame of the WebSocket: the official clients for Android and
 * iOS answer the frame alone. A browser answers the frame for a page that is frozen too. So from a client that has ever
 * answered `pusher:ping`, an answer to the frame says nothing.
 */
export class ActivitySweep {
  /** Number of sweeps so far. */
  count = 0;
  readonly #app: App;
  readonly #intervalMs: number;
  readonly #silentSweeps: number;
  readonly #goneSweeps: number;
  #timer: NodeJS.Timeout | undefined;
  /** Both pings of the sweep `#pingsSweep`, one frame after the other. */
  #pings: Buffer = pusherPing;
  #pingsSweep = 0;

  constructor(app: App) {
    const { activityTimeoutSeconds, pongTimeoutSeconds } = app.limits;
    this.#app = app;
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

  /** A client has sent a message. */
  heardOf(connection: Connection): void {
    connection.lastSweep = this.count;
    connection.isPinged = false;
  }

  /** A client has sent a pong frame. It counts when it answers the ping that the client was sent last. */
  pongFrom(connection: Connection, data: Buffer): void {
    if (!connection.isPinged || connection.answersPusherPing) return;
    if (data.toString() === String(connection.lastSweep + this.#silentSweeps)) this.heardOf(connection);
  }

  #sweep(): void {
    this.count++;
    for (const connection of this.#app.connections.values()) this.#check(connection);
  }

  #check(connection: Connection): void {
    const silent = this.count - connection.lastSweep;
    if (silent < this.#silentSweeps) return;
    if (silent >= this.#goneSweeps && connection.isPinged) {
      this.#app.end(connection, closeCode.noPong, 'Pong reply not received in time');
    } else if (!connection.isPinged) {
      connection.isPinged = true;
      // A plain client knows no message of the protocol, and its browser answers the ping frame.
      if (connection.isPlain) connection.send(pingFrame(String(this.count)));
      else connection.send(this.#pingsOfSweep(), 2);
    }
  }

  /** The ping frame carries the sweep's number, so that an answer to it can be told from any other pong. */
  #pingsOfSweep(): Buffer {
    if (this.#pingsSweep !== this.count) {
      this.#pings = Buffer.concat([pusherPing, pingFrame(String(this.count))]);
      this.#pingsSweep = this.count;
    }
    return this.#pings;
  }
}
