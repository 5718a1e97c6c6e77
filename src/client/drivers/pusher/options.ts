import type { ClientConfig } from '../../../wire/client-config.js';
import { PushClientError } from '../../errors.js';

/** The part of `window.location` that tells where the page came from. */
export interface PageLocation {
  readonly protocol: string;
  /** An IPv6 address stands in brackets. */
  readonly hostname: string;
  /** Empty for the protocol's own port. */
  readonly port: string;
}

/** The options of `pusher-js` that a `ClientConfig` decides. */
export interface PusherConnectionOptions {
  readonly cluster: string;
  readonly wsHost?: string;
  readonly wsPort?: number;
  readonly wssPort?: number;
  readonly forceTLS: boolean;
  readonly enabledTransports?: readonly string[];
  readonly enableStats: boolean;
}

/**
 * Translates a `ClientConfig` into options of `pusher-js`; what it leaves out is taken from the page.
 * @throws PushClientError when it names no host and there is no page to take it from
 */
export function pusherOptions(config: ClientConfig, page: PageLocation | undefined): PusherConnectionOptions {
  // The hosted service's, with all of its transports.
  if (config.cluster) return { cluster: config.cluster, forceTLS: config.useTLS ?? true, enableStats: false };
  const host = config.host ?? page?.hostname;
  if (!host) {
    throw new PushClientError(
      'PushClient needs "host" in its configuration where there is no page to take it from.',
      'CONFIGURATION',
    );
  }
  const useTLS = config.useTLS ?? page?.protocol === 'https:';
  const port = config.port ?? (Number(page?.port) || (useTLS ? 443 : 80));
  return {
    // Its types and checks ask for a cluster even where wsHost makes it meaningless.
    cluster: '',
    wsHost: host,
    wsPort: port,
    wssPort: port,
    forceTLS: useTLS,
    // `ws` obeys forceTLS. `wss` is the fallback to TLS, which one port cannot serve as well: it would only knock
    // in vain while the server is away. The HTTP fallbacks are the hosted service's.
    enabledTransports: ['ws'],
    enableStats: false,
  };
}
