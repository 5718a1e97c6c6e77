import { randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Server, WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../core/logger.js';
import { closeCode, connectionEstablished, UNSUPPORTED_DATA } from '../pusher-protocol/messages.js';
import { ActivitySweep } from './activity-sweep.js';
import { App, ChannelCache, type PublicationListener } from './app.js';
import { Connection, type ConnectionHost, type CutReason, MAX_BURST } from './connection.js';
import { pongFrame } from './frames.js';
import { Handshake } from './handshake.js';
import type { CheckedOptions, WebSocketApp } from './options.js';
import { Outbox } from './outbox.js';
import { Protocol } from './protocol.js';
import { ignore, RefusedConnections, refuseUpgrade } from './upgrade.js';
import { AppWebhooks } from './webhooks/app-webhooks.js';

/** Half of a socket id: two of them are more than anyone can guess. */
const MAX_HALF_ID = 2 ** 47;

/** A `ws` socket that knows whose it is, so that all of them share their listeners. */
class ClientSocket extends WebSocket {
  client: Connection | undefined;
  protocolHandler: Protocol | undefined;
}

/** What the server tells the one who runs it. */
export interface ServerEvents {
  /** Must not throw. */
  readonly logger: () => Logger;
  /** An event of the first application. */
  readonly published: PublicationListener;
}

/** The Channels server: lets connections in, hears them, and sees them off. It listens nowhere itself. */
export class ChannelsServer implements ConnectionHost {
  readonly outbox: Outbox<Connection> = new Outbox((connection, error) => this.fail(connection, error));
  readonly sendBufferBytes: number;
  /** By application id. */
  readonly apps: ReadonlyMap<string, App>;
  readonly #options: CheckedOptions;
  readonly #events: ServerEvents;
  readonly #handshake: Handshake;
  readonly #sweep: ActivitySweep;
  readonly #sockets: Server<typeof ClientSocket>;
  readonly #refused = new RefusedConnections();
  /** Those whose socket is there, also when their application has forgotten them. */
  readonly #admitted = new Set<Connection>();
  readonly #webhooks: AppWebhooks[] = [];
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  constructor(apps: readonly WebSocketApp[], options: CheckedOptions, events: ServerEvents) {
    this.#options = options;
    this.#events = events;
    this.sendBufferBytes = options.sendBufferBytes;
    const served = apps.map((app, index) => {
      const observers = {
        onPublication: index === 0 ? events.published : undefined,
        channels: this.#webhooksOf(app),
      };
      return new App(app, new ChannelCache(options.cacheTtlMs, options.maxCachedChannels), observers);
    });
    this.apps = new Map(served.map((app) => [app.settings.appId, app]));
    const protocols = new Map(served.map((app) => [app.settings.pubKey, new Protocol(app, options)]));
    this.#handshake = new Handshake(protocols, options);
    this.#sweep = new ActivitySweep(served, options.activityTimeoutSeconds, options.pongTimeoutSeconds);
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

  #webhooksOf(app: WebSocketApp): AppWebhooks | undefined {
    if (app.webhooks === undefined || app.webhooks.length === 0) return undefined;
    const webhooks = new AppWebhooks(app, app.webhooks, this.#options, this.#events.logger);
    this.#webhooks.push(webhooks);
    return webhooks;
  }

  /** Takes over the socket of an upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#isClosing) {
      refuseUpgrade(socket, 503, 'The server is closing');
      return;
    }
    const verdict = this.#handshake.check(request, this.#admitted.size);
    if (verdict instanceof Protocol)
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#admit(ws, socket, verdict));
    else this.#refused.refuse(request, socket, head, verdict);
  }

  #admit(ws: ClientSocket, socket: Duplex, protocol: Protocol): void {
    const connection = new Connection(`${randomInt(1, MAX_HALF_ID)}.${randomInt(1, MAX_HALF_ID)}`, socket, ws, this);
    connection.lastSweep = this.#sweep.count;
    ws.client = connection;
    ws.protocolHandler = protocol;
    protocol.app.connections.set(connection.id, connection);
    this.#admitted.add(connection);
    this.#sweep.start();
    ws.on('error', ignore);
    ws.on('message', this.#onMessage);
    ws.on('ping', this.#onPing);
    ws.on('close', this.#onClose);
    connection.sendText(connectionEstablished(connection.id, this.#options.activityTimeoutSeconds));
  }

  readonly #onMessage = heard(this, (server, connection, protocol, data: Buffer, isBinary: boolean) => {
    if (!connection.isOpen) return;
    server.#hear(connection);
    if (isBinary) {
      connection.closeTransport(UNSUPPORTED_DATA, 'Binary frames are not supported');
      protocol.app.remove(connection);
    } else protocol.receive(connection, data.toString());
  });

  readonly #onPing = heard(this, (server, connection, _protocol, data: Buffer) => {
    server.#hear(connection);
    connection.send(pongFrame(data));
  });

  readonly #onClose = heard(this, (server, connection, protocol) => {
    server.#admitted.delete(connection);
    if (server.#admitted.size === 0) {
      server.#sweep.stop();
      server.#whenEmpty?.();
    }
    protocol.app.remove(connection);
  });

  #hear(connection: Connection): void {
    connection.lastSweep = this.#sweep.count;
    connection.isPinged = false;
  }

  wasCut({ id: socketId }: Connection, waitingBytes: number, why: CutReason): void {
    const text = `websocket: a connection was cut because ${
      why === 'slow' ? 'it reads too slowly' : `more was sent to it at once than ${MAX_BURST} times what may wait`
    } (option "sendBufferBytes")`;
    this.#events.logger().warn({ socketId, waitingBytes, sendBufferBytes: this.sendBufferBytes }, text);
  }

  /** Ends the one connection that an error of our own came up with. Does not throw. */
  fail(connection: Connection, error: unknown): void {
    connection.terminate();
    const text = 'websocket: a connection was ended because of an unexpected error';
    this.#events.logger().error({ err: error, socketId: connection.id }, text);
  }

  /**
   * Sends every client away, to reconnect at once; those that do not go in time are cut. New ones are no longer let in. Then the webhooks
   * that are due are sent.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#refused.terminate();
    for (const connection of this.#admitted) connection.close(closeCode.reconnect, 'The server is closing: reconnect');
    if (this.#admitted.size > 0) await this.#emptied();
    await Promise.all(this.#webhooks.map((webhooks) => webhooks.close(this.#options.closeTimeoutMs)));
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
    // Not waiting for the sockets to say that they are closed: one that failed may never do so.
    this.#admitted.clear();
    this.#sweep.stop();
    for (const app of this.apps.values()) for (const connection of app.connections.values()) app.remove(connection);
  }
}

/** A listener that all sockets share, bound to the server and given the socket's connection. When it throws, that one ends. */
function heard<Rest extends unknown[]>(
  server: ChannelsServer,
  listener: (server: ChannelsServer, connection: Connection, protocol: Protocol, ...rest: Rest) => void,
): (this: WebSocket, ...rest: Rest) => void {
  return function onEvent(this: WebSocket, ...rest: Rest): void {
    if (!(this instanceof ClientSocket)) return;
    const { client, protocolHandler } = this;
    if (client === undefined || protocolHandler === undefined) return;
    try {
      listener(server, client, protocolHandler, ...rest);
    } catch (error) {
      // ws does not expect its listeners to throw: that would end the process.
      server.fail(client, error);
    }
  };
}
