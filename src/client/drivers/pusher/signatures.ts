import { MAX_AUTH_CHANNELS } from '../../../wire/auth-request.js';
import { backoffDelay } from '../../../wire/backoff.js';
import type { PusherAuthCallback, PusherAuthHandler } from '../../../wire/pusher-js.js';
import type { AuthAnswers, Authorizer } from '../../authorizer.js';
import type { AuthError } from '../../errors.js';
import type { PusherJsOptions } from './options.js';

/** Options of `pusher-js` before its version 7. It still reads them where `channelAuthorization` is missing. */
const OLD_OPTIONS = ['authEndpoint', 'authTransport', 'auth', 'authorizer'];

/** A request of `pusher-js` for a signature. */
interface Asked {
  readonly socketId: string;
  /** The channel; empty for the user's sign-in. */
  readonly channel: string;
  readonly callback: PusherAuthCallback;
}

/** The parts of the driver that decide about a request. */
export interface SignaturesHost {
  /** Whether a socket id belongs to the present connection. */
  isCurrent(socketId: string): boolean;
  /** Whether the page still wants the channel; true for the sign-in. */
  isWanted(channel: string): boolean;
  /** Takes the first failure of a request that is made again. */
  failed(channel: string, error: AuthError): void;
}

/**
 * Asks the application for signatures in place of `pusher-js`, which cannot wait for asynchronous functions, asks about
 * each channel alone, and takes every failure for a refusal. What fails for now is asked again, as long as it matters.
 */
export class Signatures {
  readonly #authorizer: Authorizer;
  readonly #host: SignaturesHost;
  /** The channels that `pusher-js` wants to have signed in this task. */
  readonly #due: Asked[] = [];
  /** What waits to be asked again, by its timer. */
  readonly #waiting = new Map<ReturnType<typeof setTimeout>, () => void>();
  /** The reason of each refusal, by channel, empty for the sign-in: `pusher-js` passes on its text alone. */
  readonly #errors = new Map<string, AuthError>();

  constructor(authorizer: Authorizer, host: SignaturesHost) {
    this.#authorizer = authorizer;
    this.#host = host;
  }

  /**
   * Options that make `pusher-js` ask here.
   * @param own the page's options for `pusher-js`, which may name another way to ask
   */
  options(own: PusherJsOptions = {}): PusherJsOptions {
    const authorize: PusherAuthHandler = ({ socketId, channelName: channel = '' }, callback) => {
      if (this.#due.push({ socketId, channel, callback }) === 1) queueMicrotask(() => this.#askDue());
    };
    const signIn: PusherAuthHandler = ({ socketId }, callback) => {
      void this.#ask([{ socketId, channel: '', callback }], 0);
    };
    return {
      ...(!OLD_OPTIONS.some((name) => name in own) && { channelAuthorization: { customHandler: authorize } }),
      userAuthentication: { customHandler: signIn },
    };
  }

  /**
   * The reason why a channel, or without one the sign-in, was refused.
   * @param raw the reason of `pusher-js`, which is right where the server refused
   */
  reason(raw: unknown, channel = ''): unknown {
    const error = this.#errors.get(channel);
    this.#errors.delete(channel);
    return error ?? raw;
  }

  /** Ends all waits and asks at once. After the end of a connection, that ends its requests. */
  hurry(): void {
    for (const [timer, ask] of [...this.#waiting]) {
      clearTimeout(timer);
      ask();
    }
  }

  #askDue(): void {
    const due = this.#due.splice(0);
    for (let start = 0; start < due.length; start += MAX_AUTH_CHANNELS)
      void this.#ask(due.slice(start, start + MAX_AUTH_CHANNELS), 0);
  }

  /** @param failures how often these requests have failed before */
  async #ask(due: readonly Asked[], failures: number): Promise<void> {
    const [first] = due;
    // `pusher-js` asks anew on each connection. A signature for an earlier one would be refused.
    if (!first || !this.#host.isCurrent(first.socketId)) return;
    const answers = await this.#answersTo(due, first);
    if (!this.#host.isCurrent(first.socketId)) return;
    const again: Asked[] = [];
    let wait = 0;
    for (const asked of due) {
      const { channel, callback } = asked;
      const answer = answers.get(channel);
      if (!(answer instanceof Error)) {
        callback(null, answer ?? null);
      } else if (answer.isRefusal || !this.#host.isWanted(channel)) {
        this.#errors.set(channel, answer);
        callback(answer, null);
      } else {
        again.push(asked);
        wait = Math.max(wait, answer.retryAfterMs);
        if (failures === 0) this.#host.failed(channel, answer);
      }
    }
    // The random part goes on top, so that pages that were sent away together do not come back together.
    this.#askLater(again, failures + 1, wait + backoffDelay(failures));
  }

  async #answersTo(due: readonly Asked[], { channel, socketId }: Asked): Promise<AuthAnswers> {
    if (channel !== '')
      return this.#authorizer.authorizeEach(
        due.map((asked) => asked.channel),
        socketId,
      );
    return new Map([[channel, await this.#authorizer.signIn(socketId).catch((error: AuthError) => error)]]);
  }

  #askLater(due: readonly Asked[], failures: number, wait: number): void {
    if (due.length === 0) return;
    const ask = (): void => {
      this.#waiting.delete(timer);
      void this.#ask(due, failures);
    };
    const timer = setTimeout(ask, wait);
    this.#waiting.set(timer, ask);
  }
}
