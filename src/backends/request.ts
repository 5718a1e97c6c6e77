import type { Logger } from '../logger.js';
import type { IncomingMessage } from '../message.js';

/** What became of one channel of a request. Without `error` it was accepted. */
export interface ChannelResult {
  readonly channel: string;
  readonly error?: Error;
}

/** What a backend gets along with every request. */
export interface RequestContext {
  /** Fires when the attempt's deadline has passed or the caller has aborted. SDKs that can cancel MUST be handed it. */
  readonly signal: AbortSignal;
}

/** What a backend may ask of the service that uses it. */
export interface BackendHost {
  receive(message: IncomingMessage): void;
  readonly logger: Logger;
}
