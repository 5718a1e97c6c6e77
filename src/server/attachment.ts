import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { decoded } from '../web/percent-decoding.js';
import { pathBelow } from './path-below.js';
import type { HttpServerLike } from './public-types.js';
import { isWebSocketUpgrade, refuseUpgrade, serveWithoutUpgrade } from './upgrade.js';

/** Answers all requests to a port. */
export interface PortTaker {
  /** @param door what the client comes through, for {@link RequestTaker.sendAway} */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, door?: object): void;
  request(request: IncomingMessage, response: ServerResponse): void;
}

/** Answers the requests that are the embedded server's, among those of others. */
export interface RequestTaker extends PortTaker {
  /** Whether there is an application with this id. */
  serves(appId: string): boolean;
  /** Whether an address takes WebSockets without a protocol. */
  takesSocket(url: string | undefined): boolean;
  /** Sends away the clients that came through a door. */
  sendAway(door: object): void;
}

/** From Node 22.21 on, an HTTP server asks this callback which upgrades to take. */
type AskingServer = HttpServerLike & { shouldUpgradeCallback?: (request: IncomingMessage) => unknown };

type Close = HttpServerLike['close'];

/** Time for others to answer an upgrade that is not ours, in milliseconds; then it is refused. */
const UNANSWERED_MS = 10_000;

/**
 * Takes the requests to `/apps/APPID/…` and the WebSockets to `/app/…` from an HTTP server that somebody else runs. It
 * takes them from the server's `emit`, so no other handler sees them, whether it was added before or after. All other
 * requests go to the other handlers.
 *
 * Node's server does not end before its last WebSocket, and says to nobody that it is closing. So the attachment stands
 * in for the server's `close`, too: the clients that came through this server are sent away when it is called.
 */
export class Attachment {
  readonly #server: AskingServer;
  readonly #taker: RequestTaker;
  readonly #path: string | undefined;
  /** The server's own `emit`; undefined while ours is not in its place. */
  #emitBefore: HttpServerLike['emit'] | undefined;
  #closeBefore: Close | undefined;
  #shouldUpgradeBefore: AskingServer['shouldUpgradeCallback'];
  #isAttached = false;
  /** From the call of the server's `close` to its end. */
  #isServerClosing = false;

  /** @param path what stands before the paths of the embedded server. @default nothing */
  constructor(server: HttpServerLike, taker: RequestTaker, path?: string) {
    this.#server = server;
    this.#taker = taker;
    this.#path = path;
    this.attach();
  }

  /** A second time changes nothing. */
  attach(): void {
    if (this.#isAttached) return;
    this.#isAttached = true;
    const server = this.#server;
    // It may have ended, and begun to listen again, while this was detached.
    if (Reflect.get(server, 'listening') === true) this.#isServerClosing = false;
    // Node treats an upgrade as an ordinary request unless somebody listens for upgrades.
    server.on('upgrade', this.#onForeignUpgrade);
    if (this.#emitBefore === undefined) {
      this.#emitBefore = server.emit;
      server.emit = this.#emit;
    }
    if (this.#closeBefore === undefined) {
      this.#closeBefore = server.close;
      server.close = this.#close;
    }
    if (this.#shouldUpgradeBefore === undefined && server.shouldUpgradeCallback !== undefined) {
      this.#shouldUpgradeBefore = server.shouldUpgradeCallback;
      server.shouldUpgradeCallback = this.#shouldUpgrade;
    }
  }

  detach(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    const server = this.#server;
    server.removeListener('upgrade', this.#onForeignUpgrade);
    // Somebody else may have replaced our functions by theirs, which call ours: both stay, and ours do nothing any
    // more.
    if (this.#emitBefore !== undefined && server.emit === this.#emit) {
      server.emit = this.#emitBefore;
      this.#emitBefore = undefined;
    }
    if (this.#closeBefore !== undefined && server.close === this.#close) {
      server.close = this.#closeBefore;
      this.#closeBefore = undefined;
    }
    if (this.#shouldUpgradeBefore !== undefined && server.shouldUpgradeCallback === this.#shouldUpgrade) {
      server.shouldUpgradeCallback = this.#shouldUpgradeBefore;
      this.#shouldUpgradeBefore = undefined;
    }
  }

  readonly #close: Close = (...args) => {
    this.#isServerClosing = true;
    const result = this.#closeBefore?.apply(this.#server, args);
    if (this.#isAttached) this.#taker.sendAway(this);
    return result;
  };

  readonly #emit = (event: string, ...args: unknown[]): boolean => {
    if (event === 'close' || event === 'listening') this.#isServerClosing = false;
    if (this.#isAttached && this.#takes(event, args)) return true;
    return this.#emitBefore?.call(this.#server, event, ...args) ?? false;
  };

  #takes(event: string, args: readonly unknown[]): boolean {
    if (event !== 'request' && event !== 'upgrade' && event !== 'checkContinue') return false;
    const [request, target, head] = args as [IncomingMessage, ServerResponse & Duplex, Buffer];
    if (event === 'upgrade') {
      if (!this.#isOurs(request)) return false;
      if (this.#isServerClosing) refuseUpgrade(target, 503, 'The server is closing');
      else this.#taker.upgrade(request, target, head, this);
      return true;
    }
    const appId = /^\/apps\/([^/?]+)\//.exec(pathBelow(this.#path, request.url) ?? '')?.[1];
    if (appId === undefined || !this.#taker.serves(decoded(appId))) return false;
    if (event === 'checkContinue') target.writeContinue();
    this.#taker.request(request, target);
    return true;
  }

  readonly #shouldUpgrade = (request: IncomingMessage): unknown => {
    const before = this.#shouldUpgradeBefore;
    if (!this.#isAttached) return before?.call(this.#server, request);
    if (this.#isOurs(request) || (isWebSocketUpgrade(request) && this.#isAlone)) return true;
    // Node's own answer depends on whether anybody listens, so our listener is away while it answers.
    this.#server.removeListener('upgrade', this.#onForeignUpgrade);
    try {
      return before?.call(this.#server, request);
    } finally {
      this.#server.on('upgrade', this.#onForeignUpgrade);
    }
  };

  #isOurs(request: IncomingMessage): boolean {
    if (!isWebSocketUpgrade(request)) return false;
    return /^\/app(?:[/?]|$)/.test(pathBelow(this.#path, request.url) ?? '') || this.#taker.takesSocket(request.url);
  }

  /** Whether nobody else listens for upgrades. */
  get #isAlone(): boolean {
    return this.#server.listenerCount('upgrade') === 1;
  }

  readonly #onForeignUpgrade = (...args: unknown[]): void => {
    const [request, socket, head] = args as [IncomingMessage, Duplex, Buffer];
    if (!isWebSocketUpgrade(request)) {
      if (this.#isAlone) serveWithoutUpgrade(this.#server, request, socket, head);
      return;
    }
    const writtenBefore = bytesWritten(socket);
    const refuse = (): void => refuseUpgrade(socket, 404, 'Nothing at this address takes WebSockets');
    if (this.#isAlone) {
      refuse();
      return;
    }
    const timer = setTimeout(() => {
      if (bytesWritten(socket) === writtenBefore && socket.listenerCount('data') === 0) refuse();
    }, UNANSWERED_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  };
}

function bytesWritten(socket: Duplex): number {
  return 'bytesWritten' in socket ? Number(socket.bytesWritten) : 0;
}
