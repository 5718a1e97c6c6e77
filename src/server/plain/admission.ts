import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { askInTime } from '../../core/ask-in-time.js';
import { PushError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { keepsTo } from '../../core/names.js';
import { RepeatedLines } from '../../core/repeated-lines.js';
import { closeCode } from '../../pusher-protocol/messages.js';
import { isPublic } from '../../pusher-protocol/names.js';
import { isOwnOrigin, originCheck } from '../../web/origins.js';
import type { App } from '../app.js';
import type { HandshakeRefusal } from '../handshake.js';
import type { ServerCounters } from '../metrics/counters.js';
import { refuseUpgrade } from '../upgrade.js';
import type { PlainListener } from './connection.js';
import type { FoundPath, PlainPaths } from './paths.js';

/** What somebody asks who connects to a plain path. Only `channel` and `token` come from the client. */
export interface PlainClaim {
  readonly channel: string;
  /** Stands for the user and the session. */
  readonly token?: string | undefined;
  readonly user?: unknown;
  readonly session?: { readonly channelId: string; readonly userId?: string | undefined } | undefined;
  readonly request: Request;
  /** When the client asked, in milliseconds since the epoch. A log-out since then counts. */
  readonly askedAt: number;
}

/**
 * Decides who may hear a channel by a plain WebSocket.
 * @throws AuthenticationError with the status 401 or 403; TimeoutError
 */
export type PlainAccess = (claim: PlainClaim) => Promise<PlainListener>;

/** The answer of HTTP to a client that is not let in. */
interface PlainRefusal {
  readonly status: number;
  readonly reason: string;
}

/** What the plain paths of a server share with it. */
export interface PlainHost {
  readonly paths: PlainPaths;
  readonly access: PlainAccess;
  readonly counters: ServerCounters;
  /** Its logger must not throw. */
  readonly logger: () => Logger;
  /** How long `authenticate` and `session` have, in milliseconds. */
  readonly requestTimeoutMs: number;
  /**
   * Whether there is room for a client, and TLS where there has to be. Asked before its leave and after it.
   * @param asking how many others are waiting for their leave
   */
  readonly check: (request: IncomingMessage, asking: number) => HandshakeRefusal | undefined;
}

/** Lets clients in that connect to a plain path of an application, or answers why not. */
export class PlainAdmission {
  readonly #app: App;
  readonly #host: PlainHost;
  readonly #lines = new RepeatedLines();
  /** Clients that wait for their leave. */
  #asking = 0;

  constructor(app: App, host: PlainHost) {
    this.#app = app;
    this.#host = host;
  }

  /** Finds the plain path of an address. */
  pathOf(url: string | undefined): FoundPath | undefined {
    return this.#host.paths.find(url);
  }

  /** Asks whether a client may listen, and answers one that may not. Does not reject. @returns who listens */
  async admitted(path: FoundPath, request: IncomingMessage, socket: Duplex): Promise<PlainListener | undefined> {
    const early = this.#host.check(request, this.#asking);
    if (early !== undefined) return this.#refuse(socket, httpRefusal(early));
    this.#asking++;
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    const answer = await this.#ask(path, request);
    socket.removeListener('error', onError);
    this.#asking--;
    if (!socket.writable) return undefined;
    if ('status' in answer) return this.#refuse(socket, answer);
    // Others may have come meanwhile, or the server may be about to close.
    const late = this.#host.check(request, this.#asking);
    return late === undefined ? answer : this.#refuse(socket, httpRefusal(late));
  }

  #refuse(socket: Duplex, { status, reason }: PlainRefusal): undefined {
    this.#host.counters.refused(codeOfStatus(status));
    refuseUpgrade(socket, status, reason);
    return undefined;
  }

  async #ask(path: FoundPath, incoming: IncomingMessage): Promise<PlainListener | PlainRefusal> {
    const { channel } = path;
    if (!keepsTo(this.#app.channelName, channel)) return { status: 404, reason: 'There is no such channel' };
    let request: Request;
    let token: string | undefined;
    try {
      [request, token] = webRequest(incoming);
    } catch {
      return { status: 400, reason: 'The address of the request is not valid' };
    }
    if (token === undefined && !this.#admits(incoming, path))
      return { status: 403, reason: 'Pages of this origin may not connect: list it in "allowedOrigins" of the path' };
    const askedAt = Date.now();
    try {
      const visitor = token === undefined ? await this.#visitor(path, request, incoming) : { token };
      const listener = await this.#host.access({ channel, ...visitor, request, askedAt });
      const isUnknown = listener.userId === undefined && isPublic(channel);
      if (isUnknown && this.#app.limits.authorizedConnections)
        return { status: 401, reason: 'Connections must be authorised: nobody is logged in' };
      return listener;
    } catch (error) {
      return this.#refusalOf(error);
    }
  }

  #admits({ headers }: IncomingMessage, { options }: FoundPath): boolean {
    const { origin, host } = headers;
    const { limits } = this.#app;
    const { allowedOrigins = limits.allowedOrigins } = options;
    // A program, which could send any Origin.
    if (origin === undefined) return true;
    if (options.authenticate === undefined && options.session === undefined)
      return originCheck(allowedOrigins?.includes('*') ? undefined : allowedOrigins)(origin);
    const forwarded = headers['x-forwarded-host'];
    if (isOwnOrigin(origin, host ?? '', typeof forwarded === 'string' ? forwarded : undefined)) return true;
    // With cookies, '*' names nobody.
    return originCheck((allowedOrigins ?? []).filter((pattern) => pattern !== '*'))(origin);
  }

  async #visitor({ options }: FoundPath, request: Request, node: IncomingMessage): Promise<Partial<PlainClaim>> {
    const context = { node: node as object as { headers: IncomingMessage['headers'] } };
    const answerOf = async <Answer>(name: 'authenticate' | 'session', ask?: () => Answer): Promise<Awaited<Answer>> =>
      askInTime(options[name] as object, async () => await ask?.(), this.#host.requestTimeoutMs, {
        missing: `${name}() of "plain" did not answer`,
      }) as Promise<Awaited<Answer>>;
    const user =
      options.authenticate && (await answerOf('authenticate', () => options.authenticate?.(request, context)));
    const session = options.session && (await answerOf('session', () => options.session?.(request, context)));
    return { user, session };
  }

  #refusalOf(error: unknown): PlainRefusal {
    if (PushError.isPushError(error) && error.code === 'AUTHENTICATION')
      return { status: error.status ?? 401, reason: error.message };
    const text = 'websocket: a plain connection was refused, because the one who is asked about it failed';
    this.#lines.on(this.#host.logger()).error({ err: error }, text);
    const isLate = PushError.isPushError(error) && error.code === 'TIMEOUT';
    return { status: isLate ? 504 : 500, reason: 'The server failed' };
  }
}

/** The request for `authenticate` and rules, and the token, which is not part of what they get. */
function webRequest({ socket, headers, url = '/' }: IncomingMessage): [Request, string | undefined] {
  const address = new URL(`${'encrypted' in socket ? 'https' : 'http'}://${headers.host ?? 'localhost'}${url}`);
  const token = address.searchParams.get('token') ?? undefined;
  if (token !== undefined) address.searchParams.delete('token');
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return [new Request(address, { headers: fields as [string, string][] }), token];
}

function httpRefusal({ code, reason }: HandshakeRefusal): PlainRefusal {
  return { status: code === closeCode.tlsOnly ? 403 : 503, reason };
}

/** The close code that counts for a plain connection that is refused. */
function codeOfStatus(status: number): number {
  if (status === 401 || status === 403) return closeCode.unauthorized;
  return status < 500 ? closeCode.noSuchPath : closeCode.overCapacity;
}
