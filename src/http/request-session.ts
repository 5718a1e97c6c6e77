import type { ClientConfig } from '../client-config.js';

/** What `pushSession` puts on a request, as `request.pushSession`. */
export interface RequestSession {
  /** The channel that reaches the session; undefined while it has none. */
  readonly channelId: string | undefined;
  /** What the session's page needs; gives the session its channel and ties it to its user. */
  clientConfig(): Promise<ClientConfig>;
}
