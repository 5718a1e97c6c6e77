import { randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Server, WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../core/logger.js';
import { closeCode, connectionEstablished, protocolError, UNSUPPORTED_DATA } from '../pusher-protocol/messages.js';
import type { App } from './app.js';
import type { CheckedOptions } from './checked-options.js';
import { Connection, type ConnectionHost, type CutReason, MAX_BURST } from './connection.js';
import { pongFrame } from './frames.js';
import { Handshake, isPusherJs } from './handshake.js';
import { MessageHandler } from './message-handler.js';
import { Outbox } from './outbox.js';
import { ignoreError, RefusedConnections, refuseUpgrade } from './upgrade.js';

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

/**
 * The WebSockets of all applications: lets clients in, hears them and sends them away. It listens on no port itself.
 */
export class SocketServer implements ConnectionHost {
  readonly outbox: Outbox<Connection> = new Outbox((connection, error) => this.fail(connection, error));
  readonly sendBufferBytes: number;
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
  #whenEmpty: (() => void) | undefined;

  /** @param logger returns a logger that must not throw */
  constructor(apps: readonly App[], options: CheckedOptions, logger: () => Logger) {
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

  /** Takes over the socket of an upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#isClosing) {
      refuseUpgrade(socket, 503, 'The server is closing');
      return;
    }
    const verdict = this.#handshake.check(request, this.#admitted.size);
    if (verdict instanceof MessageHandler)
      this.#serverFor(verdict.app).handleUpgrade(request, socket, head, (ws) => {
        this.#admit(ws, socket, verdict).answersPusherPing = isPusherJs(request);
      });
    else this.#refused.refuse(request, socket, head, verdict);
  }

  #admit(ws: ClientSocket, socket: Duplex, messages: MessageHandler): Connection {
    const connection = new Connection(`${randomInt(1, MAX_HALF_ID)}.${randomInt(1, MAX_HALF_ID)}`, socket, ws, this);
    connection.lastSweep = messages.sweep.count;
    ws.connection = connection;
    ws.messages = messages;
    messages.app.add(connection);
    this.#admitted.add(connection);
    messages.sweep.start();
    ws.on('error', ignoreError);
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

  /**
   * A connection leaves its channels as soon as either side closes it, however long its socket takes. When the server
   * itself closes, nobody needs to hear of it: all go.
   */
  readonly #onClosing = socketListener(this, (server, connection, messages) => {
    if (!server.#isClosing) messages.app.remove(connection);
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

  wasCut({ id: socketId }: Connection, waitingBytes: number, why: CutReason): void {
    const text = `websocket: a connection was cut because ${
      why === 'slow' ? 'it reads too slowly' : `more was sent to it at once than ${MAX_BURST} times what may wait`
    } (option "sendBufferBytes")`;
    this.#logger().warn({ socketId, waitingBytes, sendBufferBytes: this.sendBufferBytes }, text);
  }

  /** Ends the one connection that an unexpected error is about. Does not throw. */
  fail(connection: Connection, error: unknown): void {
    connection.terminate();
    const text = 'websocket: a connection was ended because of an unexpected error';
    this.#logger().error({ err: error, socketId: connection.id }, text);
  }

  /**
   * Lets nobody in any more and sends every client away, to reconnect at once. Cuts those that are there after
   * `closeTimeoutMs`.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const { app } of this.#handlers) app.beginClose();
    this.#refused.terminate();
    for (const connection of this.#admitted) connection.close(closeCode.reconnect, 'The server is closing: reconnect');
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
