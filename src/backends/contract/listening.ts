import type { PushSession } from '../../sessions/adapter.js';

/** Who hears channels without a connection that the provider knows. A log-out names them by either. */
export interface Listener {
  readonly userId?: string | undefined;
  /** The channel of the session. */
  readonly sessionChannel?: string | undefined;
}

/** Asks for leave to hear channels. Only `channels` and `token` may come from the client. */
export interface ListenRequest {
  readonly channels: readonly string[];
  /** Of `PushService.streamToken`. Then nobody is asked who the user is. */
  readonly token?: string | undefined;
  /** The user who is logged in. */
  readonly user?: unknown;
  /** The session of the client's page. */
  readonly session?: PushSession | undefined;
  /** The web `Request` that rules get. */
  readonly request?: Request | undefined;
  /**
   * When the client asked, in milliseconds since the epoch: before the application looked up who is logged in. A
   * log-out since then counts.
   * @default now
   */
  readonly askedAt?: number | undefined;
}
