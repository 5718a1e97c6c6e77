import type { ClientConfig } from '../../../wire/client-config.js';
import { hostOptions, type PusherConnectionOptions } from '../../../wire/pusher-js.js';
import { PushClientError } from '../../errors.js';

/** The way in which `pusher-js` gets a signature: from an endpoint of the application, or from a function. */
export interface PusherAuthOptions {
  /** Path or URL that is asked with POST. */
  readonly endpoint?: string;
  readonly transport?: 'ajax' | 'jsonp';
  /** Sent along in the body. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly [name: string]: unknown;
}

/** Options handed on to `pusher-js`; they win over those made from the `ClientConfig` and from `auth`. */
export interface PusherJsOptions {
  /**
   * Who signs subscriptions to private and presence channels, in place of `auth`.
   * @default as the option `auth` says
   */
  readonly channelAuthorization?: PusherAuthOptions;
  /** Who signs the user in, in place of `auth`. @default as the option `auth` says */
  readonly userAuthentication?: PusherAuthOptions;
  readonly [name: string]: unknown;
}

/** The part of `window.location` that says where the page came from. */
export interface PageLocation {
  readonly protocol: string;
  /** An IPv6 address stands in brackets. */
  readonly hostname: string;
  /** Empty for the protocol's own port. */
  readonly port: string;
}

/**
 * The options of `pusher-js` that say where to connect. The page's own address stands in for what the configuration
 * leaves out.
 * @throws PushClientError when the configuration names no host and there is no page
 */
export function connectionOptions(config: ClientConfig, page: PageLocation | undefined): PusherConnectionOptions {
  // The hosted service has all transports of pusher-js.
  if (config.cluster) return { cluster: config.cluster, forceTLS: config.useTLS ?? true };
  const host = config.host ?? page?.hostname;
  if (!host) {
    throw new PushClientError(
      'PushClient needs "host" in its configuration: there is no page to take it from.',
      'CONFIGURATION',
    );
  }
  const useTLS = config.useTLS ?? page?.protocol === 'https:';
  return hostOptions(host, config.port ?? (Number(page?.port) || (useTLS ? 443 : 80)), useTLS, config.path);
}
