import type { ClientConfig } from '../wire/client-config.js';
import { record } from '../wire/is-record.js';
import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import { AuthError } from './errors.js';

/** Default of the option `timeout`, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** A request that the client is about to make of the application. */
export interface AuthRequest {
  /** The channels to subscribe to; empty for the user's sign-in. */
  readonly channels: readonly string[];
  /** Id of the connection; undefined where connections have none. */
  readonly socketId: string | undefined;
}

/** A value, or a function that makes it anew for each request. */
export type AuthValue<Value> = Value | ((request: AuthRequest) => Value | PromiseLike<Value>);

/**
 * Options of the requests by which a page asks the application for permission to subscribe and for its user's sign-in.
 * Each request is a POST with a form as its body.
 */
export interface AuthOptions {
  /**
   * Path or URL that authorises channels. The form has one `channel_name` for each channel, and `socket_id` where there
   * is one.
   * @default `config.authEndpoint`, else '/push/auth' with Pusher's protocol and none elsewhere
   */
  readonly endpoint?: AuthValue<string> | undefined;
  /**
   * Path or URL that signs the user in. The form has `socket_id` where there is one.
   * @default `config.userAuthEndpoint`, else '/push/user-auth' with Pusher's protocol and none elsewhere
   */
  readonly userEndpoint?: AuthValue<string> | undefined;
  /** Headers to send, such as `{ authorization: 'Bearer …' }`. @default none */
  readonly headers?: AuthValue<Readonly<Record<string, string>>> | undefined;
  /** Further fields of the form, by name. @default none */
  readonly params?: AuthValue<Readonly<Record<string, string>>> | undefined;
  /** The function that makes the requests. @default the global `fetch`, with `credentials: 'same-origin'` */
  readonly fetch?: typeof fetch | undefined;
  /** Deadline of one authorisation, in milliseconds. The functions above count in. @default 10 000 */
  readonly timeout?: number | undefined;
}

/** The application's answer. */
export interface AuthAnswer {
  /** The signature, or the token. */
  readonly auth: string;
  /** The channels of the request that were not granted. */
  readonly refused?: readonly string[];
  /** JSON of the signed-in user, as in `{"id":"ann"}`. */
  readonly user_data?: string;
  readonly [name: string]: unknown;
}

/** Asks the application for permission to subscribe and for the user's sign-in. */
export class Authorizer {
  readonly #options: AuthOptions;
  readonly #endpoint: AuthValue<string> | undefined;
  readonly #userEndpoint: AuthValue<string> | undefined;

  /** @param defaults endpoints for when neither the options nor the configuration name one */
  constructor(
    config: ClientConfig,
    options: AuthOptions = {},
    defaults: { endpoint?: string; userEndpoint?: string } = {},
  ) {
    this.#options = options;
    this.#endpoint = options.endpoint ?? config.authEndpoint ?? defaults.endpoint;
    this.#userEndpoint = options.userEndpoint ?? config.userAuthEndpoint ?? defaults.userEndpoint;
  }

  /** Whether the application is asked about channels. */
  get hasEndpoint(): boolean {
    return this.#endpoint !== undefined;
  }

  /** Whether the application is asked to sign the user in. */
  get hasUserEndpoint(): boolean {
    return this.#userEndpoint !== undefined;
  }

  /** Asks for permission to subscribe. Rejects with an {@link AuthError}. */
  authorize(channels: readonly string[], socketId?: string): Promise<AuthAnswer> {
    return this.#within((signal) => this.#ask(this.#endpoint, { channels, socketId }, signal));
  }

  /** Asks for the user's sign-in. Rejects with an {@link AuthError}. */
  signIn(socketId?: string): Promise<AuthAnswer> {
    return this.#within((signal) => this.#ask(this.#userEndpoint, { channels: [], socketId }, signal));
  }

  async #within(ask: (signal: AbortSignal) => Promise<AuthAnswer>): Promise<AuthAnswer> {
    const { timeout = TIMEOUT_MS } = this.#options;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => {
          reject(new AuthError(`no answer within ${timeout} ms`));
          controller.abort();
        },
        Math.min(timeout, MAX_TIMEOUT_MS),
      );
    });
    try {
      return await Promise.race([ask(controller.signal), tooLate]);
    } catch (error) {
      throw error instanceof AuthError
        ? error
        : new AuthError('a function of the auth options failed', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(endpoint: AuthValue<string> | undefined, request: AuthRequest, signal: AbortSignal): Promise<AuthAnswer> {
    const { headers, params, fetch = globalThis.fetch } = this.#options;
    const [url, sentHeaders, sentParams] = await Promise.all([
      made(endpoint, request),
      made(headers, request),
      made(params, request),
    ]);
    const body = new URLSearchParams(sentParams);
    if (request.socketId !== undefined) body.append('socket_id', request.socketId);
    for (const channel of request.channels) body.append('channel_name', channel);
    const init = { method: 'POST', headers: headersOf(sentHeaders), body, credentials: 'same-origin', signal } as const;
    let response: Response;
    try {
      response = await fetch(String(url), init);
    } catch (cause) {
      throw new AuthError('the request failed', { cause });
    }
    return answerOf(response.status, await response.text().catch(() => ''));
  }
}

async function made<Value>(value: AuthValue<Value> | undefined, request: AuthRequest): Promise<Value | undefined> {
  return typeof value === 'function' ? await (value as (request: AuthRequest) => Value)(request) : value;
}

/** @throws AuthError in place of the error of `Headers`, which may quote the value of a header */
function headersOf(headers: Readonly<Record<string, string>> | undefined): Headers {
  try {
    return new Headers(headers);
  } catch {
    throw new AuthError('a header of the auth options is not valid');
  }
}

function answerOf(status: number, text: string): AuthAnswer {
  let answer: Partial<AuthAnswer> & { readonly error?: unknown } = {};
  try {
    answer = record(JSON.parse(text));
  } catch {
    // A proxy's page, or an empty body: the status says enough.
  }
  const { auth, error } = answer;
  if (status < 200 || status > 299)
    throw new AuthError(typeof error === 'string' ? error : `the application answered ${status}`, { status });
  if (typeof auth !== 'string') throw new AuthError('the application’s answer has no "auth"', { status });
  return { ...answer, auth };
}
