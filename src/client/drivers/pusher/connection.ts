import type { PusherLike } from '../../../wire/pusher-js.js';
import type { ClientDriverHost, ConnectionState } from '../../driver.js';
import { PushClientError } from '../../errors.js';
import { watchPage } from '../../page-life.js';
import { connectionError, isRepetition } from './connection-error.js';
import { Reconnection } from './reconnection.js';

/** Time that the server has to answer a page that has woken up, in milliseconds. */
const ANSWER_MS = 3_000;

/**
 * The connection of `pusher-js`: reports its states and errors, and restores it where `pusher-js` would take longer.
 */
export class PusherConnection {
  readonly #pusher: PusherLike;
  readonly #host: ClientDriverHost;
  /** The server's address, for error texts. */
  readonly #address: string;
  readonly #reconnection = new Reconnection(() => this.#replace());
  #page: AbortController | undefined;
  /** Ends the wait for the server's answer, when it is over. */
  #answerTimer: ReturnType<typeof setTimeout> | undefined;
  #lastError: PushClientError | undefined;
  #isQuiet = false;
  #isAway = false;

  /** @param changed called at each change of the state, before it is reported */
  constructor(pusher: PusherLike, host: ClientDriverHost, address: string, changed: () => void) {
    this.#pusher = pusher;
    this.#host = host;
    this.#address = address;
    pusher.connection.bind('state_change', (change) => {
      this.#answered();
      changed();
      if (!this.#isQuiet) this.#follow((change as { current: ConnectionState }).current);
    });
    pusher.connection.bind('error', (raw) => {
      const error = connectionError(raw);
      if (!isRepetition(error, this.#lastError)) host.receiveError(error);
      this.#lastError = error;
    });
    pusher.connection.bind('message', () => this.#answered());
  }

  /** Connects. A connection that seems to stand is checked, and replaced when it is dead. */
  connect(): void {
    this.#isAway = false;
    if (!this.#page) {
      this.#page = new AbortController();
      watchPage(
        {
          woken: () => this.#check(),
          left: () => this.#leave(),
          returned: () => this.#return(),
        },
        this.#page.signal,
      );
    }
    this.#pusher.connect();
    this.#check();
  }

  disconnect(): void {
    this.#isAway = false;
    this.#page?.abort();
    this.#page = undefined;
    this.#pusher.disconnect();
  }

  #follow(state: ConnectionState): void {
    this.#reconnection.follow(state);
    if (state === 'connected') this.#lastError = undefined;
    this.#host.receiveState(state);
    // pusher-js reports no error for a first connection that fails.
    if (state === 'unavailable' && this.#lastError === undefined) {
      const text = `Push connection: no answer yet from ${this.#address}. Is the push server running?`;
      this.#lastError = new PushClientError(text, 'CONNECTION');
      this.#host.receiveError(this.#lastError);
    }
  }

  /** Replaces the connection by a new one, without reporting that there is none in between. */
  #replace(): void {
    this.#quietly(() => this.#pusher.disconnect());
    this.#pusher.connect();
  }

  #quietly(work: () => void): void {
    this.#isQuiet = true;
    work();
    this.#isQuiet = false;
  }

  /** Asks the server for a sign of life: the browser notices only after minutes that a connection is dead. */
  #check(): void {
    const { state } = this.#pusher.connection;
    // pusher-js is waiting for up to a minute before it tries again.
    if (state === 'unavailable') this.#replace();
    if (state !== 'connected' || this.#answerTimer !== undefined) return;
    this.#pusher.send_event('pusher:ping', {});
    this.#answerTimer = setTimeout(() => {
      this.#answered();
      this.#replace();
    }, ANSWER_MS);
  }

  /** Ends the check: the server has sent something, or the connection is another. */
  #answered(): void {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
  }

  /** Closes the connection of a page that is not seen any more: others would take its user for present. */
  #leave(): void {
    if (!['connecting', 'connected', 'unavailable'].includes(this.#pusher.connection.state)) return;
    this.#isAway = true;
    this.#quietly(() => this.#pusher.disconnect());
    this.#reconnection.follow('disconnected');
    this.#host.receiveState('connecting');
  }

  #return(): void {
    if (this.#isAway) this.connect();
  }
}
