import { type Server, WebSocket, WebSocketServer } from 'ws';
import type { App } from './app.js';
import type { Connection } from './connection.js';
import type { MessageHandler } from './message-handler.js';

/**
 * A message may come in this many fragments, and in this many pieces that the network makes of it. A larger one may
 * come in more, each of so many bytes. Each takes memory beside its bytes, so small ones would take most of it.
 */
const MIN_PARTS = 128;
const MIN_FRAGMENT_BYTES = 512;
const MIN_CHUNK_BYTES = 64;

/** A `ws` socket that knows its connection, so that all sockets share their listeners. */
export class ClientSocket extends WebSocket {
  connection: Connection | undefined;
  messages: MessageHandler | undefined;
  whenClosing: (() => void) | undefined;

  /** Begins the closing handshake, or answers the client's: then `ws` calls it, and tells nobody else. */
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    this.whenClosing?.();
  }
}

/** Makes the sockets of connections that are let in. `ws` has one size of messages for all sockets of a server. */
export class ClientSocketServers {
  readonly #closeTimeoutMs: number;
  readonly #servers = new Map<number, Server<typeof ClientSocket>>();

  constructor(closeTimeoutMs: number) {
    this.#closeTimeoutMs = closeTimeoutMs;
  }

  /** The one for the clients of an application. */
  for({ limits: { maxMessageBytes } }: App): Server<typeof ClientSocket> {
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
      closeTimeout: this.#closeTimeoutMs,
      WebSocket: ClientSocket,
    };
    const server = new WebSocketServer(settings);
    this.#servers.set(maxMessageBytes, server);
    return server;
  }
}

/** The server that sockets belong to. */
interface SocketOwner {
  /** Ends the one connection that an unexpected error is about. Must not throw. */
  fail(connection: Connection, error: unknown): void;
}

/**
 * Makes a listener that all sockets share: it is called with the server and the socket's connection. When it throws,
 * that connection ends, because `ws` lets an error of a listener end the process.
 */
export function socketListener<Server extends SocketOwner, Rest extends unknown[]>(
  server: Server,
  listener: (
    server: Server,
    connection: Connection,
    messages: MessageHandler,
    ...rest: Rest
  ) => Promise<void> | undefined | void,
): (this: WebSocket, ...rest: Rest) => void {
  return function onEvent(this: WebSocket, ...rest: Rest): void {
    if (!(this instanceof ClientSocket)) return;
    const { connection, messages } = this;
    if (connection === undefined || messages === undefined) return;
    try {
      const work = listener(server, connection, messages, ...rest);
      if (work !== undefined) work.catch((error: unknown) => server.fail(connection, error));
    } catch (error) {
      server.fail(connection, error);
    }
  };
}
