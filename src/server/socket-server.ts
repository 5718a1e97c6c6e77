import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '../core/logger.js';
import { closeCode, connectionEstablished, protocolError, UNSUPPORTED_DATA } from '../pusher-protocol/messages.js';
import { type App, overQuota } from './app.js';
import type { CheckedOptions } from './checked-options.js';
import { type ClientSocket, ClientSocketServers, socketListener } from './client-socket.js';
import { type BacklogReason, Connection, type ConnectionHost, MAX_BURST } from './connection.js';
import { pongFrame } from './frames.js';
import { Handshake, type HandshakeRefusal, isPusherJs } from './handshake.js';
import { MessageHandler } from './message-handler.js';
import type { ServerCounters } from './metrics/counters.js';
import { Outbox } from './outbox.js';
import { PlainAdmission, type PlainHost } from './plain/admission.js';
import { PlainConnection } from './plain/connection.js';
import type { FoundPath } from './plain/paths.js';
import { newSocketId } from './socket-id.js';
import { RefusedConnections, refuseUpgrade } from './upgrade.js';

/** The server that the sockets belong to. */
export interface SocketServerHost extends Pick<PlainHost, 'paths' | 'access'> {
  readonly counters: ServerCounters;
  /** Its logger must not throw. */
  readonly logger: () => Logger;
  /** Tells the sockets of this node from those of others, see `newNodeTag`. */
  readonly nodeTag: number | undefined;
  /** Whether clients may come: before, there is nobody who could tell the other nodes. */
  readonly isOpen: () => boolean;
}

/** What a client is let in with. */
type LettingIn = [handler: MessageHandler, request: IncomingMessage, socket: Duplex, head: Buffer, door?: object];

/**
 * The WebSockets of all applications: lets clients in, hears them and sends them away. It listens on no port itself.
 */
export class SocketServer implements ConnectionHost {
  readonly outbox: Outbox<Connection> = new Outbox((connection, error) => this.fail(connection, error));
  readonly sendBufferBytes: number;
  readonly counters: ServerCounters;
  /** Of the application in the settings, which the plain paths belong to, and of the others. */
  readonly #handlers: readonly [own: MessageHandler, ...others: MessageHandler[]];
  readonly #options: CheckedOptions;
  readonly #host: SocketServerHost;
  readonly #logger: () => Logger;
  readonly #handshake: Handshake;
  readonly #plain: PlainAdmission;
  readonly #servers: ClientSocketServers;
  readonly #refused = new RefusedConnections();
  /** The connections whose socket is not closed yet, with those that their application has forgotten already. */
  readonly #admitted = new Set<Connection>();
  /** Clients for which all nodes are being asked whether there is room. */
  #asking = 0;
  #isClosing = false;
  #isSendingAway = false;
  #whenEmpty: (() => void) | undefined;

  constructor([own, ...others]: readonly [App, ...App[]], options: CheckedOptions, host: SocketServerHost) {
    const { counters, logger } = host;
    this.counters = counters;
    this.#options = options;
    this.#servers = new ClientSocketServers(options.closeTimeoutMs);
    this.#logger = logger;
    this.#host = host;
    this.sendBufferBytes = options.sendBufferBytes;
    this.#handlers = [new MessageHandler(own), ...others.map((app) => new MessageHandler(app))];
    const byKey = new Map(this.#handlers.map((handler) => [handler.app.settings.pubKey, handler]));
    this.#handshake = new Handshake(byKey, options);
    const { requestTimeoutMs } = options;
    const check: PlainHost['check'] = (request, asking) =>
      this.#isClosing ? closing : this.#handshake.checkPlain(own, request, this.#admitted.size + this.#asking + asking);
    this.#plain = new PlainAdmission(own, { ...host, requestTimeoutMs, check });
  }

  /**
   * Takes over the socket of an upgrade request.
   * @param door what the client comes through, of several HTTP servers
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, door?: object): void {
    if (this.#isClosing || !this.#host.isOpen()) {
      refuseUpgrade(socket, 503, `The server is ${this.#isClosing ? 'closing' : 'not open yet'}`);
      return;
    }
    const path = this.#plain.pathOf(request.url);
    if (path !== undefined) {
      void this.#upgradePlain(path, request, socket, head, door);
      return;
    }
    const verdict = this.#handshake.check(request, this.#admitted.size + this.#asking);
    if (!(verdict instanceof MessageHandler)) {
      this.#refuse(request, socket, head, verdict);
      return;
    }
    const room = verdict.app.reserve();
    if (room === undefined) this.#letIn(verdict, request, socket, head, door);
    else void this.#letInWithRoom(room, verdict, request, socket, head, door);
  }

  #refuse(request: IncomingMessage, socket: Duplex, head: Buffer, refusal: HandshakeRefusal): void {
    this.counters.refused(refusal.code);
    this.#refused.refuse(request, socket, head, refusal);
  }

  async #letInWithRoom(room: Promise<boolean>, ...[handler, request, socket, head, door]: LettingIn): Promise<void> {
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    this.#asking++;
    const hasRoom = await room;
    this.#asking--;
    socket.removeListener('error', onError);
    if (!hasRoom) this.#refuse(request, socket, head, { code: closeCode.overAppQuota, reason: overQuota });
    else {
      if (socket.writable) {
        if (this.#isClosing) this.#refuse(request, socket, head, closing);
        else this.#letIn(handler, request, socket, head, door);
      }
      handler.app.unreserve();
    }
  }

  #letIn(...[handler, request, socket, head, door]: LettingIn): void {
    // The answer to the upgrade and the first message leave in one write: writing is a good part of what a client
    // costs. When `ws` refuses the upgrade, it ends the socket, which uncorks it.
    socket.cork();
    const { app } = handler;
    this.#servers.for(app).handleUpgrade(request, socket, head, (ws) => {
      const connection = new Connection(newSocketId(this.#host.nodeTag), socket, ws, this);
      connection.answersPusherPing = isPusherJs(request);
      connection.door = door;
      this.#admit(connection, ws, handler);
      app.add(connection);
      connection.greet(connectionEstablished(connection.id, app.limits.activityTimeoutSeconds));
      socket.uncork();
    });
  }

  async #upgradePlain(
    path: FoundPath,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    door: object | undefined,
  ): Promise<void> {
    const listener = await this.#plain.admitted(path, request, socket);
    if (listener === undefined) return;
    const [own] = this.#handlers;
    // A page that is let in hears all that is published from then on, so the answer waits for its subscription.
    socket.cork();
    this.#servers.for(own.app).handleUpgrade(request, socket, head, async (ws) => {
      const connection = new PlainConnection(newSocketId(this.#host.nodeTag), socket, ws, this);
      connection.listener = listener;
      connection.door = door;
      this.#admit(connection, ws, own);
      await own.app.addPlain(connection, path.channel)?.catch((error: unknown) => this.fail(connection, error));
      socket.uncork();
    });
  }

  #admit(connection: Connection, ws: ClientSocket, messages: MessageHandler): void {
    connection.lastSweep = messages.sweep.count;
    ws.connection = connection;
    ws.messages = messages;
    this.#admitted.add(connection);
    this.counters.connections++;
    messages.sweep.start();
    ws.on('error', this.#onError);
    ws.on('message', this.#onMessage);
    ws.on('ping', this.#onPing);
    ws.on('pong', this.#onPong);
    ws.on('close', this.#onClose);
    ws.whenClosing = this.#onClosing;
  }

  readonly #onMessage = socketListener(this, (server, connection, messages, data: Buffer, isBinary: boolean) => {
    if (!server.#mayGoOn(connection, messages, data.length)) return undefined;
    messages.sweep.heardOf(connection);
    if (connection.isPlain) return undefined;
    if (isBinary) {
      server.counters.cut('bad_frame');
      connection.closeTransport(UNSUPPORTED_DATA, 'Binary frames are not supported');
      return undefined;
    }
    return messages.receive(connection, data.toString());
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
    if (verdict === 'refused' && !connection.isPlain)
      connection.sendText(protocolError(`${limit}: this message was ignored`));
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
      for (const connection of going) connection.close(closeCode.reconnect, GOODBYE);
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
    for (const connection of this.#admitted) connection.close(closeCode.reconnect, GOODBYE);
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

const GOODBYE = 'The server is closing: reconnect';
const closing = { code: closeCode.overCapacity, reason: 'The server is closing' };
