import type { AuthAnswer, Authorizer } from '../../authorizer.js';
import type { AuthError } from '../../errors.js';
import type { PusherAuthHandler, PusherJsOptions } from './pusher-like.js';

/** Options of `pusher-js` before its version 7, which it reads only where `channelAuthorization` is not there. */
const OLD_OPTIONS = ['authEndpoint', 'authTransport', 'auth', 'authorizer'];

/** Asks the application in place of `pusher-js`, which knows no asynchronous functions. */
export class PusherAuth {
  readonly #authorizer: Authorizer;
  readonly #isCurrent: (socketId: string) => boolean;
  /** Why the application signed nothing, by channel: `pusher-js` hands on no more than a text. */
  readonly #errors = new Map<string | undefined, AuthError>();

  /** @param isCurrent whether a socket id is that of the present connection */
  constructor(authorizer: Authorizer, isCurrent: (socketId: string) => boolean) {
    this.#authorizer = authorizer;
    this.#isCurrent = isCurrent;
  }

  /** What `pusher-js` needs to ask here. @param own the page's options for it, which may say otherwise */
  options(own: PusherJsOptions = {}): PusherJsOptions {
    const authorize = this.#handler((socketId, channel) => this.#authorizer.authorize([channel], socketId));
    const signIn = this.#handler((socketId) => this.#authorizer.signIn(socketId));
    return {
      ...(!OLD_OPTIONS.some((name) => name in own) && { channelAuthorization: { customHandler: authorize } }),
      userAuthentication: { customHandler: signIn },
    };
  }

  /** Why a channel, or without one the sign-in, was refused. @param raw what `pusher-js` says, which stands when it was the server */
  reason(raw: unknown, channel?: string): unknown {
    const error = this.#errors.get(channel);
    this.#errors.delete(channel);
    return error ?? raw;
  }

  #handler(ask: (socketId: string, channel: string) => Promise<AuthAnswer>): PusherAuthHandler {
    return ({ socketId, channelName }, callback) => {
      ask(socketId, channelName ?? '').then(
        (answer) => {
          // What is for a connection that is gone would be refused on the one that has taken its place.
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
