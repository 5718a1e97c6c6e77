import { randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Server, WebSocket, WebSocketServer } from 'ws';
import { closeCode, UNSUPPORTED_DATA } from '../../channels-protocol/close-codes.js';
import { connectionEstablished, protocolError } from '../../channels-protocol/messages.js';
import type { Logger } from '../../logger.js';
import { ActivitySweep } from './activity-sweep.js';
import { App, type PublicationListener } from './app.js';
import { ChannelCache } from './channel-cache.js';
import { Connection, type ConnectionHost } from './connection.js';
import { pongFrame } from './frames.js';
import { Handshake, type HandshakeRefusal } from './handshake.js';
import type { WebSocketApp } from './options.js';
import type { CheckedOptions } from './options-schema.js';
import { Outbox } from './outbox.js';
import { Protocol } from './protocol.js';
import { refuseUpgrade } from './refuse-upgrade.js';

/** Half of a socket id: two of them are more than anyone can guess. */
const MAX_HALF_ID = 2 ** 47;

/** A `ws` socket that knows whose it is, so that all of them share their listeners. */
class ClientSocket extends WebSocket {
  client: Connection | undefined;
  protocolHandler: Protocol | undefined;
}

/** What the server tells the one who runs it. */
export interface ServerEvents {
  readonly logger: () => Logger;
  /** An event of the first application. */
  readonly published: PublicationListener;
}

/** The Channels server: lets connections in, hears them, and sees them off. It listens nowhere itself. */
export class ChannelsServer implements ConnectionHost {
  readonly outbox: Outbox = new Outbox();
  readonly sendBufferBytes: number;
  /** By application id. */
  readonly apps: ReadonlyMap<string, App>;
  readonly #options: CheckedOptions;
  readonly #events: ServerEvents;
  readonly #handshake: Handshake;
  readonly #sweep: ActivitySweep;
  readonly #sockets: Server<typeof ClientSocket>;
  #connections = 0;
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  constructor(apps: readonly WebSocketApp[], options: CheckedOptions, events: ServerEvents) {
    this.#options = options;
    this.#events = events;
    this.sendBufferBytes = options.sendBufferBytes;
    const served = apps.map(
      (app, index) =>
        new App(
          app,
          new ChannelCache(options.cacheTtlMs, options.maxCachedChannels),
          index === 0 ? events.published : undefined,
        ),
    );
    this.apps = new Map(served.map((app) => [app.settings.appId, app]));
    const protocols = new Map(served.map((app) => [app.settings.pubKey, new Protocol(app, options)]));
    this.#handshake = new Handshake(protocols, options);
    this.#sweep = new ActivitySweep(() => this.#all(), options.activityTimeoutSeconds, options.pongTimeoutSeconds);
    const settings = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: options.maxMessageBytes,
      closeTimeout: options.closeTimeoutMs,
      WebSocket: ClientSocket,
    };
    this.#sockets = new WebSocketServer(settings);
  }

  get connectionCount(): number {
    return this.#connections;
  }

  /** Takes over the socket of an upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#isClosing) {
      refuseUpgrade(socket, 503, 'The server is closing');
      return;
    }
    const verdict = this.#handshake.check(request, this.#connections);
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', ignore);
      if (verdict instanceof Protocol) this.#admit(ws, socket, verdict);
      else refuse(ws, verdict);
    });
  }

  #admit(ws: ClientSocket, socket: Duplex, protocol: Protocol): void {
    const connection = new Connection(`${randomInt(1, MAX_HALF_ID)}.${randomInt(1, MAX_HALF_ID)}`, socket, ws, this);
    connection.lastSweep = this.#sweep.count;
    ws.client = connection;
    ws.protocolHandler = protocol;
    protocol.app.connections.set(connection.id, connection);
    this.#connections++;
    this.#sweep.start();
    ws.on('message', this.#onMessage);
    ws.on('ping', this.#onPing);
    ws.on('close', this.#onClose);
    connection.sendText(connectionEstablished(connection.id, this.#options.activityTimeoutSeconds));
  }

  readonly #onMessage = heard(this, (server, connection, protocol, data: Buffer, isBinary: boolean) => {
    if (!connection.isOpen) return;
    server.#hear(connection);
    if (isBinary) connection.closeTransport(UNSUPPORTED_DATA, 'Binary frames are not supported');
    else protocol.receive(connection, data.toString());
  });

  readonly #onPing = heard(this, (server, connection, _protocol, data: Buffer) => {
    server.#hear(connection);
    connection.send(pongFrame(data));
  });

  readonly #onClose = heard(this, (server, connection, protocol) => {
    protocol.app.remove(connection);
    server.#connections--;
    if (server.#connections > 0) return;
    server.#sweep.stop();
    server.#whenEmpty?.();
  });

  #hear(connection: Connection): void {
    connection.lastSweep = this.#sweep.count;
    connection.isPinged = false;
  }

  cut(connection: Connection, waitingBytes: number): void {
    const details = { socketId: connection.id, waitingBytes, sendBufferBytes: this.sendBufferBytes };
    this.#events
      .logger()
      .warn(details, 'websocket: a connection was cut because it reads too slowly (option "sendBufferBytes")');
  }

  *#all(): Generator<Connection> {
    for (const app of this.apps.values()) yield* app.connections.values();
  }

  /** Sends every client away, to reconnect at once; those that do not go in time are cut. New ones are no longer let in. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const connection of this.#all()) connection.close(closeCode.reconnect, 'The server is closing: reconnect');
    if (this.#connections === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    const timer = setTimeout(() => {
      for (const connection of this.#all()) connection.terminate();
    }, this.#options.closeTimeoutMs);
    await empty;
    clearTimeout(timer);
  }
}

/** A listener that all sockets share, bound to the server and given the socket's connection. */
function heard<Rest extends unknown[]>(
  server: ChannelsServer,
  listener: (server: ChannelsServer, connection: Connection, protocol: Protocol, ...rest: Rest) => void,
): (this: WebSocket, ...rest: Rest) => void {
  return function onEvent(this: WebSocket, ...rest: Rest): void {
    if (!(this instanceof ClientSocket)) return;
    const { client, protocolHandler } = this;
    if (client !== undefined && protocolHandler !== undefined) listener(server, client, protocolHandler, ...rest);
  };
}

function refuse(ws: ClientSocket, { code, reason }: HandshakeRefusal): void {
  ws.send(protocolError(reason, code));
  ws.close(code, reason);
}

/** A socket's errors are followed by its `close`, which is all that there is to do about them. */
function ignore(): void {}
