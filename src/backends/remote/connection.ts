import { WebSocket } from 'ws';
import { isSocketId } from '../../pusher-protocol/names.js';
import { type ProtocolMessage, parseData, parseMessage } from '../../pusher-protocol/parse-message.js';
import { isRecord } from '../../wire/is-record.js';
import { MAX_TIMEOUT_MS } from '../../wire/timers.js';

/** How long the server may take to answer a ping, in milliseconds. Source: the Channels protocol. */
const PONG_TIMEOUT_MS = 30_000;
/** How long connecting may take, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** The shortest interval for pings that a server may ask for, in seconds. */
const MIN_ACTIVITY_SECONDS = 0.1;
/** How long the closing handshake may take, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

/** Hears from a connection. */
export interface ConnectionListener {
  /** The server has taken the connection. */
  established(socketId: string): void;
  /** The server has sent a message that the connection does not answer itself. */
  message(message: ProtocolMessage): void;
  /** The connection is over, or never came about; called once. */
  closed(code: number, reason: string): void;
}

/**
 * A client's connection to a Channels server: one WebSocket from its opening to its end. It answers pings, and ends
 * when the server falls silent.
 */
export class ClientConnection {
  readonly #socket: WebSocket;
  readonly #listener: ConnectionListener;
  #activityMs: number = HANDSHAKE_TIMEOUT_MS;
  #timer: NodeJS.Timeout | undefined;
  #failure = '';

  constructor(url: string, listener: ConnectionListener) {
    this.#listener = listener;
    this.#socket = new WebSocket(url, { handshakeTimeout: HANDSHAKE_TIMEOUT_MS, perMessageDeflate: false });
    this.#socket.on('open', () => this.#watch());
    this.#socket.on('error', (error) => {
      this.#failure = error.message;
    });
    this.#socket.on('close', (code, reason) => {
      clearTimeout(this.#timer);
      listener.closed(code, reason.toString() || this.#failure);
    });
    this.#socket.on('message', (data) => {
      try {
        this.#hear(String(data));
      } catch (error) {
        // An error that a WebSocket's listener throws would end the process.
        this.#drop(`a message could not be handled: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  }

  /** Sends a message; before the connection is open and after its end, nothing happens. */
  send(event: string, data: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ event, data }));
  }

  /** Closes the connection; a server that does not answer is cut after a second. */
  close(): void {
    this.#socket.close(1000);
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #hear(text: string): void {
    this.#watch();
    const message = parseMessage(text);
    if (typeof message === 'string') return;
    if (message.event === 'pusher:ping') this.send('pusher:pong', {});
    else if (message.event === 'pusher:connection_established') this.#established(parseData(message.data));
    else this.#listener.message(message);
  }

  #established(data: unknown): void {
    const { socket_id: socketId, activity_timeout: activitySeconds } = isRecord(data) ? data : {};
    if (typeof socketId !== 'string' || !isSocketId(socketId)) {
      this.#drop('it gave no socket id of the form 123.456');
      return;
    }
    if (typeof activitySeconds === 'number')
      this.#activityMs = Math.min(Math.max(activitySeconds, MIN_ACTIVITY_SECONDS) * 1000, MAX_TIMEOUT_MS);
    this.#watch();
    this.#listener.established(socketId);
  }

  #drop(reason: string): void {
    this.#failure = reason;
    this.#socket.terminate();
  }

  /**
   * Waits for the next message: after a silence it pings the server, and ends the connection when there is no answer.
   */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.send('pusher:ping', {});
      this.#timer = setTimeout(() => this.#socket.terminate(), PONG_TIMEOUT_MS);
    }, this.#activityMs);
  }
}
