import type { IncomingMessage } from 'node:http';
import { closeCode } from '../pusher-protocol/messages.js';
import { originCheck } from '../web/origins.js';
import { decoded } from '../web/percent-decoding.js';
import { type App, overQuota } from './app.js';
import type { CheckedOptions } from './checked-options.js';
import type { MessageHandler } from './message-handler.js';

/**
 * Protocol versions that are served. Version 5 brought JSON within JSON; versions 6 and 7 changed only what clients may
 * rely on.
 */
const supportedVersions = [5, 6, 7];

/** The answer to a connection that is refused. */
export interface HandshakeRefusal {
  /** A close code, see `closeCode`. */
  readonly code: number;
  readonly reason: string;
}

/** Decides whether a connection is let in, and by its key to which application. */
export class Handshake {
  readonly #handlers: ReadonlyMap<string, MessageHandler>;
  readonly #options: CheckedOptions;
  readonly #originChecks: ReadonlyMap<App, OriginCheck>;

  /** @param handlers by the application's public key */
  constructor(handlers: ReadonlyMap<string, MessageHandler>, options: CheckedOptions) {
    this.#handlers = handlers;
    this.#options = options;
    this.#originChecks = new Map([...handlers.values()].map(({ app }) => [app, originCheckOf(app)]));
  }

  /**
   * Checks path, protocol version, key, TLS, origin and limits.
   * @param connections how many there are already, over all applications
   * @returns who answers the messages of a connection that is let in
   */
  check(request: IncomingMessage, connections: number): MessageHandler | HandshakeRefusal {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const key = /^\/app\/([^/]+)\/?$/.exec(path)?.[1];
    if (key === undefined) return { code: closeCode.noSuchPath, reason: 'Path not found: connect to /app/KEY' };
    const versionRefusal = checkVersion(new URLSearchParams(query));
    if (versionRefusal !== undefined) return versionRefusal;
    const handler = this.#handlers.get(decoded(key));
    if (handler === undefined) return { code: closeCode.noSuchApp, reason: 'There is no application with this key' };
    return (
      this.#checkApp(handler.app) ??
      this.#checkTransport(request, handler.app) ??
      this.#checkCapacity(handler.app, connections) ??
      handler
    );
  }

  /**
   * Checks TLS and limits for a client that speaks no protocol.
   * @param connections as in {@link check}
   */
  checkPlain(app: App, request: IncomingMessage, connections: number): HandshakeRefusal | undefined {
    return this.#checkTls(request) ?? this.#checkCapacity(app, connections);
  }

  #checkApp({ settings }: App): HandshakeRefusal | undefined {
    if (settings.enabled === false) return { code: closeCode.appDisabled, reason: 'The application is disabled' };
    return undefined;
  }

  #checkTransport(request: IncomingMessage, app: App): HandshakeRefusal | undefined {
    const refusal = this.#checkTls(request);
    if (refusal !== undefined) return refusal;
    if (this.#originChecks.get(app)?.(request.headers.origin) !== true) {
      return { code: closeCode.unauthorized, reason: 'This origin is not allowed' };
    }
    return undefined;
  }

  #checkTls(request: IncomingMessage): HandshakeRefusal | undefined {
    if (!this.#options.tlsOnly || isSecure(request)) return undefined;
    return { code: closeCode.tlsOnly, reason: 'The application takes connections over TLS only' };
  }

  #checkCapacity({ settings, countedConnections }: App, connections: number): HandshakeRefusal | undefined {
    if (settings.maxConnections !== undefined && countedConnections >= settings.maxConnections)
      return { code: closeCode.overAppQuota, reason: overQuota };
    if (connections >= this.#options.maxConnections)
      return { code: closeCode.overCapacity, reason: 'The server is over capacity' };
    return undefined;
  }
}

type OriginCheck = (origin: string | undefined) => boolean;

function originCheckOf({ limits: { allowedOrigins } }: App): OriginCheck {
  return originCheck(allowedOrigins?.includes('*') ? undefined : allowedOrigins);
}

/** Whether the client says that it is `pusher-js`, each version of which answers `pusher:ping`. */
export function isPusherJs(request: IncomingMessage): boolean {
  return /[?&]client=js(?:&|$)/.test(request.url ?? '');
}

function checkVersion(parameters: URLSearchParams): HandshakeRefusal | undefined {
  const version = parameters.get('protocol') || protocolOf(parameters.get('version') ?? '');
  if (version === undefined)
    return { code: closeCode.noVersion, reason: 'No protocol version: connect with ?protocol=7' };
  if (!/^\d{1,9}$/.test(version))
    return { code: closeCode.badVersion, reason: 'The protocol version is not a whole number' };
  if (supportedVersions.includes(Number(version))) return undefined;
  return {
    code: closeCode.unsupportedVersion,
    reason: `Unsupported protocol version: use ${supportedVersions.at(-1)}`,
  };
}

/**
 * The protocol version that follows from the version of `pusher-js`, for clients that send no `protocol`: from 1.12 on
 * it speaks 5 or later, which are served alike. Undefined when it is no version. Source: "WebSocket connection" in the
 * Channels protocol.
 */
function protocolOf(clientVersion: string): string | undefined {
  const [, major, minor] = /^(\d{1,6})\.(\d{1,6})(?![^.-])/.exec(clientVersion) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 12) ? '5' : '4';
}

function isSecure(request: IncomingMessage): boolean {
  // A client that forges the header deceives only itself.
  return 'encrypted' in request.socket || /^https|^wss/i.test(String(request.headers['x-forwarded-proto'] ?? ''));
}
