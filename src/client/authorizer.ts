import type { ClientConfig } from '../wire/client-config.js';
import { isRecord, record } from '../wire/is-record.js';
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
  /**
   * Deadline of one request, in milliseconds. The functions above count in. A request that is late is made again.
   * @default 10 000
   */
  readonly timeout?: number | undefined;
  /**
   * Whether the endpoint answers up to 100 channels in one request, each for itself, as the push handler does. Only
   * Pusher's protocol needs it.
   * @default `config.batchAuth` for `config.authEndpoint`, false for an endpoint that these options name
   */
  readonly batch?: boolean | undefined;
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

/** What the application said about each of several channels. */
export type AuthAnswers = ReadonlyMap<string, AuthAnswer | AuthError>;

/** An answer of the application, as it came. */
export interface Reply {
  /** The address that was asked. */
  readonly url: string;
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfter?: string | null;
}

/** Asks the application for permission to subscribe and for the user's sign-in. */
export class Authorizer {
  readonly #options: AuthOptions;
  #asksForSeveral: boolean;
  /** Where the application is asked about channels; undefined where it is not. */
  readonly endpoint: AuthValue<string> | undefined;
  /** Where it is asked to sign the user in. */
  readonly userEndpoint: AuthValue<string> | undefined;

  /** @param defaults endpoints for when neither the options nor the configuration name one */
  constructor(
    config: ClientConfig,
    options: AuthOptions = {},
    defaults: { endpoint?: string; userEndpoint?: string } = {},
  ) {
    this.#options = options;
    this.endpoint = options.endpoint ?? config.authEndpoint ?? defaults.endpoint;
    this.userEndpoint = options.userEndpoint ?? config.userAuthEndpoint ?? defaults.userEndpoint;
    this.#asksForSeveral = options.batch ?? (options.endpoint === undefined && config.batchAuth === true);
  }

  /** Asks for permission to subscribe to all of the channels. Rejects with an {@link AuthError}. */
  async authorize(channels: readonly string[], socketId?: string): Promise<AuthAnswer> {
    return grantIn(await this.#ask(this.endpoint, { channels, socketId }));
  }

  /**
   * Asks for permission to subscribe to each of the channels for itself: in one request where the endpoint answers
   * several. It never rejects.
   */
  async authorizeEach(channels: readonly string[], socketId: string): Promise<AuthAnswers> {
    if (channels.length > 1 && this.#asksForSeveral) {
      const reply = await settled(this.#ask(this.endpoint, { channels, socketId }));
      const error = reply instanceof AuthError ? reply : failureIn(reply);
      if (error && !error.isRefusal) return new Map(channels.map((channel) => [channel, error]));
      const answers = reply instanceof AuthError ? undefined : reply.body['answers'];
      if (!error && isRecord(answers)) {
        return new Map(channels.map((channel) => [channel, answerIn(record(answers[channel]), reply as Reply)]));
      }
      // Another endpoint, or an older one: it knows only the form with one channel.
      this.#asksForSeveral = false;
    }
    const ask = async (channel: string) => [channel, await settled(this.authorize([channel], socketId))] as const;
    return new Map(await Promise.all(channels.map(ask)));
  }

  /** Asks for the user's sign-in. Rejects with an {@link AuthError}. */
  async signIn(socketId?: string): Promise<AuthAnswer> {
    return grantIn(await this.#ask(this.userEndpoint, { channels: [], socketId }));
  }

  async #ask(endpoint: AuthValue<string> | undefined, request: AuthRequest): Promise<Reply> {
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
      return await Promise.race([this.#request(endpoint, request, controller.signal), tooLate]);
    } catch (error) {
      throw error instanceof AuthError
        ? error
        : new AuthError('a function of the auth options failed', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #request(endpoint: AuthValue<string> | undefined, request: AuthRequest, signal: AbortSignal): Promise<Reply> {
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
    return replyFrom(String(url), init, fetch);
  }
}

/** Asks the application. Rejects with an {@link AuthError} when no answer comes. */
export async function replyFrom(
  url: string,
  init: RequestInit,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<Reply> {
  try {
    const response = await fetch(url, init);
    const { status, headers } = response;
    return { url, status, body: jsonIn(await response.text()), retryAfter: headers.get('retry-after') };
  } catch (cause) {
    throw new AuthError(`the request to ${shown(url)} failed`, { cause });
  }
}

/** The answer, or the error with which it failed. The {@link Authorizer} fails with no other. */
function settled<Answer>(answer: Promise<Answer>): Promise<Answer | AuthError> {
  return answer.catch((error: AuthError) => error);
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

/** An address as an error shows it: its query may hold a token. */
export function shown(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

/** An object that has come as JSON. A proxy's page or an empty body is none: the status says enough then. */
function jsonIn(text: string): Reply['body'] {
  try {
    return record(JSON.parse(text));
  } catch {
    return {};
  }
}

/** The error in an answer whose status says that there is one. */
export function failureIn({ url, status, body, retryAfter }: Reply): AuthError | undefined {
  if (status >= 200 && status <= 299) return undefined;
  const { error } = body;
  const reason = typeof error === 'string' ? error : `${shown(url)} answered ${status}`;
  return new AuthError(reason, { status, retryAfterMs: waitIn(retryAfter) });
}

/** @throws AuthError for an answer that grants nothing */
function grantIn(reply: Reply): AuthAnswer {
  const { url, status, body } = reply;
  const error = failureIn(reply);
  if (error) throw error;
  const { auth } = body;
  if (typeof auth !== 'string') throw new AuthError(`the answer of ${shown(url)} has no "auth"`, { status });
  return { ...body, auth };
}

/** What the application says of one channel among several: a grant, or `{ error, status }`. */
function answerIn(body: Reply['body'], { url }: Reply): AuthAnswer | AuthError {
  const { status } = body;
  try {
    return grantIn({ url, status: typeof status === 'number' ? status : 200, body });
  } catch (error) {
    return error as AuthError;
  }
}

/** Longest wait that an application can ask for, in milliseconds. */
const LONGEST_WAIT_MS = 600_000;

/** The milliseconds in a header `Retry-After`, which holds seconds or a date. */
function waitIn(header: string | null | undefined): number {
  if (!header) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Math.min(Math.max(ms || 0, 0), LONGEST_WAIT_MS);
}
