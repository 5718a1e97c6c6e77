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

/** The parts of a message that only its backend can check. */
export interface BackendMessageOptions {
  readonly except: string | undefined;
  readonly backendOptions: Readonly<Record<string, unknown>> | undefined;
}

/** What a backend may ask of the service that uses it. */
export interface BackendHost {
  receive(message: IncomingMessage): void;
  readonly logger: Logger;
  /** The service itself, which has a new host each time it is configured. @default the host */
  readonly owner?: object;
}
