import { randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Server, WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../core/logger.js';
import { closeCode, connectionEstablished, protocolError, UNSUPPORTED_DATA } from '../pusher-protocol/messages.js';
import type { App } from './app.js';
import type { CheckedOptions } from './checked-options.js';
import { type BacklogReason, Connection, type ConnectionHost, MAX_BURST } from './connection.js';
import { pongFrame } from './frames.js';
import { Handshake, isPusherJs } from './handshake.js';
import { MessageHandler } from './message-handler.js';
import type { ServerCounters } from './metrics/counters.js';
import { Outbox } from './outbox.js';
import { RefusedConnections, refuseUpgrade } from './upgrade.js';

/** Each half of a socket id is below this: two random halves are more than anybody can guess. */
const MAX_HALF_ID = 2 ** 47;

/**
 * A message may come in this many fragments, and in this many pieces that the network makes of it. A larger one may
 * come in more, each of so many bytes. Each takes memory beside its bytes, so small ones would take most of it.
 */
const MIN_PARTS = 128;
const MIN_FRAGMENT_BYTES = 512;
const MIN_CHUNK_BYTES = 64;

/** A `ws` socket that knows its connection, so that all sockets share their listeners. */
class ClientSocket extends WebSocket {
  connection: Connection | undefined;
  messages: MessageHandler | undefined;
  whenClosing: (() => void) | undefined;

  /** Begins the closing handshake, or answers the client's: then `ws` calls it, and tells nobody else. */
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    this.whenClosing?.();
  }
}

/** The server that the sockets belong to. */
export interface SocketServerHost {
  readonly counters: ServerCounters;
  /** Its logger must not throw. */
  readonly logger: () => Logger;
}

/**
 * The WebSockets of all applications: lets clients in, hears them and sends them away. It listens on no port itself.
 */
export class SocketServer implements ConnectionHost {
  readonly outbox: Outbox<Connection> = new Outbox((connection, error) => this.fail(connection, error));
  readonly sendBufferBytes: number;
  readonly counters: ServerCounters;
  readonly #handlers: readonly MessageHandler[];
  readonly #options: CheckedOptions;
  readonly #logger: () => Logger;
  readonly #handshake: Handshake;
  /** By the size of a message: `ws` has one for all sockets of a server. */
  readonly #servers = new Map<number, Server<typeof ClientSocket>>();
  readonly #refused = new RefusedConnections();
  /** The connections whose socket is not closed yet, with those that their application has forgotten already. */
  readonly #admitted = new Set<Connection>();
  #isClosing = false;
  #isSendingAway = false;
  #whenEmpty: (() => void) | undefined;

  constructor(apps: readonly App[], options: CheckedOptions, { counters, logger }: SocketServerHost) {
    this.counters = counters;
    this.#options = options;
    this.#logger = logger;
    this.sendBufferBytes = options.sendBufferBytes;
    this.#handlers = apps.map((app) => new MessageHandler(app));
    const byKey = new Map(this.#handlers.map((handler) => [handler.app.settings.pubKey, handler]));
    this.#handshake = new Handshake(byKey, options);
  }

  #serverFor({ limits: { maxMessageBytes } }: App): Server<typeof ClientSocket> {
    const existing = this.#servers.get(maxMessageBytes);
    if (existing !== undefined) return existing;
    const settings = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: maxMessageBytes,
      maxFragments: Math.max(MIN_PARTS, Math.ceil(maxMessageBytes / MIN_FRAGMENT_BYTES)),
      maxBufferedChunks: Math.max(MIN_PARTS, Math.ceil(maxMessageBytes / MIN_CHUNK_BYTES)),
      closeTimeout: this.#options.closeTimeoutMs,
      WebSocket: ClientSocket,
    };
    const server = new WebSocketServer(settings);
    this.#servers.set(maxMessageBytes, server);
    return server;
  }

  /**
   * Takes over the socket of an upgrade request.
   * @param door what the client comes through, of several HTTP servers
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, door?: object): void {
    if (this.#isClosing) {
      refuseUpgrade(socket, 503, 'The server is closing');
      return;
    }
    const verdict = this.#handshake.check(request, this.#admitted.size);
    if (verdict instanceof MessageHandler)
      this.#serverFor(verdict.app).handleUpgrade(request, socket, head, (ws) => {
        const connection = this.#admit(ws, socket, verdict);
        connection.answersPusherPing = isPusherJs(request);
        connection.door = door;
      });
    else {
      this.counters.refused(verdict.code);
      this.#refused.refuse(request, socket, head, verdict);
    }
  }

  #admit(ws: ClientSocket, socket: Duplex, messages: MessageHandler): Connection {
    const connection = new Connection(`${randomInt(1, MAX_HALF_ID)}.${randomInt(1, MAX_HALF_ID)}`, socket, ws, this);
    connection.lastSweep = messages.sweep.count;
    ws.connection = connection;
    ws.messages = messages;
    messages.app.add(connection);
    this.#admitted.add(connection);
    this.counters.connections++;
    messages.sweep.start();
    ws.on('error', this.#onError);
    ws.on('message', this.#onMessage);
    ws.on('ping', this.#onPing);
    ws.on('pong', this.#onPong);
    ws.on('close', this.#onClose);
    ws.whenClosing = this.#onClosing;
    connection.sendText(connectionEstablished(connection.id, messages.app.limits.activityTimeoutSeconds));
    return connection;
  }

  readonly #onMessage = socketListener(this, (server, connection, messages, data: Buffer, isBinary: boolean) => {
    if (!server.#mayGoOn(connection, messages, data.length)) return;
    messages.sweep.heardOf(connection);
    if (isBinary) {
      server.counters.cut('bad_frame');
      connection.closeTransport(UNSUPPORTED_DATA, 'Binary frames are not supported');
    } else messages.receive(connection, data.toString());
  });

  /** Answers a ping, which is no sign of life: nobody may stay without ever sending a message or an answer. */
  readonly #onPing = socketListener(this, (server, connection, messages, data: Buffer) => {
    if (server.#mayGoOn(connection, messages, data.length)) connection.send(pongFrame(data));
  });

  readonly #onPong = socketListener(this, (server, connection, messages, data: Buffer) => {
    if (server.#mayGoOn(connection, messages, data.length)) messages.sweep.pongFrom(connection, data);
  });

  /** The socket's "close" follows, and is handled. `ws` has answered what is no frame, or one that is too large. */
  readonly #onError = socketListener(this, (server, _connection, _messages, error: Error & { code?: string }) => {
    if (error.code?.startsWith('WS_ERR_')) server.counters.cut('bad_frame');
  });

  /**
   * A connection leaves its channels as soon as either side closes it, however long its socket takes. When the server
   * itself closes, nobody needs to hear of it: all go.
   */
  readonly #onClosing = socketListener(this, (server, connection, messages) => {
    if (!server.#isClosing && !server.#isSendingAway) messages.app.remove(connection);
  });

  readonly #onClose = socketListener(this, (server, connection, messages) => {
    server.#admitted.delete(connection);
    if (server.#admitted.size === 0) server.#whenEmpty?.();
    messages.app.remove(connection);
    if (messages.app.connections.size === 0) messages.sweep.stop();
  });

  /** Counts what a client has sent. Returns whether it is to be read. */
  #mayGoOn(connection: Connection, { app, budget }: MessageHandler, bytes: number): boolean {
    if (!connection.isOpen) return false;
    this.counters.receivedMessages++;
    this.counters.receivedBytes += bytes;
    const verdict = budget.take(connection, bytes);
    if (verdict === 'taken') return true;
    const { messagesPerSecond, bytesPerSecond } = app.limits;
    const limit = `A connection may send ${messagesPerSecond} messages and ${bytesPerSecond} bytes a second`;
    if (verdict === 'refused') connection.sendText(protocolError(`${limit}: this message was ignored`));
    if (verdict === 'cut') {
      app.cut(connection, limit);
      const text =
        'websocket: a connection was cut because it sent too much (options "messagesPerSecond", "bytesPerSecond")';
      this.#logger().warn({ socketId: connection.id, messagesPerSecond, bytesPerSecond }, text);
    }
    return false;
  }

  wasCut({ id: socketId }: Connection, waitingBytes: number, why: BacklogReason): void {
    this.counters.cut(why);
    const text = `websocket: a connection was cut because ${
      why === 'slow_reader'
        ? 'it reads too slowly'
        : `more was sent to it at once than ${MAX_BURST} times what may wait`
    } (option "sendBufferBytes")`;
    this.#logger().warn({ socketId, waitingBytes, sendBufferBytes: this.sendBufferBytes }, text);
  }

  /** Ends the one connection that an unexpected error is about. Does not throw. */
  fail(connection: Connection, error: unknown): void {
    this.counters.cut('error');
    connection.terminate();
    const text = 'websocket: a connection was ended because of an unexpected error';
    this.#logger().error({ err: error, socketId: connection.id }, text);
  }

  /**
   * Sends the clients that came through a door away, to reconnect at once. `ws` cuts those that are there after
   * `closeTimeoutMs`.
   */
  sendAway(door: object): void {
    for (const { app } of this.#handlers) {
      const going = [...app.connections.values()].filter((connection) => connection.door === door);
      // All are closed before the first one leaves its channels, so that they do not hear of each other.
      this.#isSendingAway = true;
      for (const connection of going) sayGoodbye(connection);
      this.#isSendingAway = false;
      for (const connection of going) app.remove(connection);
    }
  }

  /**
   * Lets nobody in any more and sends every client away, to reconnect at once. Cuts those that are there after
   * `closeTimeoutMs`.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#refused.terminate();
    for (const connection of this.#admitted) sayGoodbye(connection);
    for (const { app } of this.#handlers) app.beginClose();
    if (this.#admitted.size > 0) await this.#emptied();
  }

  async #emptied(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.closeTimeoutMs);
      this.#whenEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    for (const connection of this.#admitted) connection.terminate();
    // The sockets' own "close" is not waited for: one that failed may never close.
    this.#admitted.clear();
    for (const { app, sweep } of this.#handlers) {
      sweep.stop();
      for (const connection of app.connections.values()) app.remove(connection);
    }
  }
}

function sayGoodbye(connection: Connection): void {
  connection.close(closeCode.reconnect, 'The server is closing: reconnect');
}

/**
 * Makes a listener that all sockets share: it is called with the server and the socket's connection. When it throws,
 * that connection ends, because `ws` lets an error of a listener end the process.
 */
function socketListener<Rest extends unknown[]>(
  server: SocketServer,
  listener: (server: SocketServer, connection: Connection, messages: MessageHandler, ...rest: Rest) => void,
): (this: WebSocket, ...rest: Rest) => void {
  return function onEvent(this: WebSocket, ...rest: Rest): void {
    if (!(this instanceof ClientSocket)) return;
    const { connection, messages } = this;
    if (connection === undefined || messages === undefined) return;
    try {
      listener(server, connection, messages, ...rest);
    } catch (error) {
      server.fail(connection, error);
    }
  };
}
