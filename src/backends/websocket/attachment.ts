import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpServerLike } from './http-server-like.js';
import { refuseUpgrade } from './refuse-upgrade.js';

/** Who answers the requests that are ours. */
export interface RequestTaker {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  request(request: IncomingMessage, response: ServerResponse): void;
}

/** How long an upgrade that is not ours may stay without an answer by whoever else listens. */
const UNANSWERED_MS = 10_000;

/**
 * Takes the requests to `/apps/…` and the upgrades to `/app/…` from a server that someone else runs. They are taken where the
 * server emits them, so that no other handler sees them, whether it was added before or after; all other requests go by untouched.
 */
export class Attachment {
  readonly #server: HttpServerLike;
  readonly #taker: RequestTaker;
  readonly #emitBefore: HttpServerLike['emit'];
  #isAttached = true;

  constructor(server: HttpServerLike, taker: RequestTaker) {
    this.#server = server;
    this.#taker = taker;
    this.#emitBefore = server.emit;
    server.emit = this.#emit;
    // Node takes upgrades for ordinary requests unless someone listens.
    server.on('upgrade', this.#onForeignUpgrade);
  }

  detach(): void {
    this.#isAttached = false;
    this.#server.removeListener('upgrade', this.#onForeignUpgrade);
    // Someone else may have put their own emit over ours: theirs stays, and ours lets everything by.
    if (this.#server.emit === this.#emit) this.#server.emit = this.#emitBefore;
  }

  readonly #emit = (event: string, ...args: unknown[]): boolean => {
    if (this.#isAttached && this.#takes(event, args)) return true;
    return this.#emitBefore.call(this.#server, event, ...args);
  };

  #takes(event: string, args: readonly unknown[]): boolean {
    if (event !== 'request' && event !== 'upgrade' && event !== 'checkContinue') return false;
    const [request, target, head] = args as [IncomingMessage, ServerResponse & Duplex, Buffer];
    const path = request.url?.split('?', 1)[0] ?? '';
    if (event === 'upgrade') {
      if (path !== '/app' && !path.startsWith('/app/')) return false;
      this.#taker.upgrade(request, target, head);
      return true;
    }
    if (path !== '/apps' && !path.startsWith('/apps/')) return false;
    if (event === 'checkContinue') target.writeContinue();
    this.#taker.request(request, target);
    return true;
  }

  readonly #onForeignUpgrade = (...args: unknown[]): void => {
    const [, socket] = args as [IncomingMessage, Duplex];
    const isNoOneElse = this.#server.listenerCount('upgrade') === 1;
    const writtenBefore = bytesWritten(socket);
    const refuse = (): void => refuseUpgrade(socket, 404, 'Nothing at this address takes WebSockets');
    if (isNoOneElse) {
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
