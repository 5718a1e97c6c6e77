import { WebSocket } from 'ws';
import { MAX_TIMEOUT_MS } from '../../../core/durations.js';
import { isSocketId } from '../../../pusher-protocol/names.js';
import { type ProtocolMessage, parseData, parseMessage } from '../../../pusher-protocol/parse-message.js';
import { isRecord } from '../../../wire/is-record.js';

/** The time that the Channels protocol gives a server to answer a ping. */
const PONG_TIMEOUT_MS = 30_000;
/** How long connecting may take, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A server may ask for pings at this interval at most, in seconds. */
const MIN_ACTIVITY_SECONDS = 0.1;
/** How long the closing handshake may take, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

/** What one hears from a connection. */
export interface ConnectionListener {
  /** The server has taken the connection. */
  established(socketId: string): void;
  message(message: ProtocolMessage): void;
  /** The connection is over, or never came about; called once. */
  closed(code: number, reason: string): void;
}

/** A client's connection to a Channels server: one WebSocket from its opening to its end, watched by one timer. */
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
        // Nobody catches what a WebSocket's listener throws: it would end the process.
        this.#drop(`a message could not be handled: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  }

  send(event: string, data: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ event, data }));
  }

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

  /** After a silence the server is asked whether it is there; one that does not answer is given up. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.send('pusher:ping', {});
      this.#timer = setTimeout(() => this.#socket.terminate(), PONG_TIMEOUT_MS);
    }, this.#activityMs);
  }
}
