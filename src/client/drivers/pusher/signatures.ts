import type { PusherAuthHandler } from '../../../wire/pusher-js.js';
import type { AuthAnswer, Authorizer } from '../../authorizer.js';
import type { AuthError } from '../../errors.js';
import type { PusherJsOptions } from './options.js';

/** Options of `pusher-js` before its version 7. It still reads them where `channelAuthorization` is missing. */
const OLD_OPTIONS = ['authEndpoint', 'authTransport', 'auth', 'authorizer'];

/** Asks the application for signatures in place of `pusher-js`, which cannot wait for asynchronous functions. */
export class Signatures {
  readonly #authorizer: Authorizer;
  readonly #isCurrent: (socketId: string) => boolean;
  /** The reason of each refusal, by channel, undefined for the sign-in: `pusher-js` passes on its text alone. */
  readonly #errors = new Map<string | undefined, AuthError>();

  /** @param isCurrent whether a socket id belongs to the present connection */
  constructor(authorizer: Authorizer, isCurrent: (socketId: string) => boolean) {
    this.#authorizer = authorizer;
    this.#isCurrent = isCurrent;
  }

  /**
   * Options that make `pusher-js` ask here.
   * @param own the page's options for `pusher-js`, which may name another way to ask
   */
  options(own: PusherJsOptions = {}): PusherJsOptions {
    const authorize = this.#handler((socketId, channel) => this.#authorizer.authorize([channel], socketId));
    const signIn = this.#handler((socketId) => this.#authorizer.signIn(socketId));
    return {
      ...(!OLD_OPTIONS.some((name) => name in own) && { channelAuthorization: { customHandler: authorize } }),
      userAuthentication: { customHandler: signIn },
    };
  }

  /**
   * The reason why a channel, or without one the sign-in, was refused.
   * @param raw the reason of `pusher-js`, which is right where the server refused
   */
  reason(raw: unknown, channel?: string): unknown {
    const error = this.#errors.get(channel);
    this.#errors.delete(channel);
    return error ?? raw;
  }

  #handler(ask: (socketId: string, channel: string) => Promise<AuthAnswer>): PusherAuthHandler {
    return ({ socketId, channelName }, callback) => {
      ask(socketId, channelName ?? '').then(
        (answer) => {
          // A signature for an earlier connection would be refused on the present one.
          if (this.#isCurrent(socketId)) callback(null, answer);
        },
        (error: AuthError) => {
          if (!this.#isCurrent(socketId)) return;
          this.#errors.set(channelName, error);
          callback(error, null);
        },
      );
    };
  }
}
