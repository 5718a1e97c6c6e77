import type { ChannelDetails } from '../channel-details.js';
import type { Logger } from '../logger.js';
import type { IncomingMessage, PushNotification } from '../message.js';

/** What became of one channel of a request. Without `error` it was accepted. */
export interface ChannelResult {
  readonly channel: string;
  readonly error?: Error;
  /** What the provider told of a channel that accepted, such as a message id: it goes into the report's `info`. */
  readonly info?: ChannelDetails;
}

/** What a backend gets along with every request. */
export interface RequestContext {
  /** Fires when the attempt's deadline has passed or the caller has aborted. SDKs that can cancel MUST be handed it. */
  readonly signal: AbortSignal;
  /** The caller's own signal, where there is one: when it has fired, the attempt was given up and not too slow. */
  readonly callerSignal?: AbortSignal | undefined;
}

/** What a backend makes an event's payload of. */
export interface EventParts {
  /** The message's id, a UUID. */
  readonly id: string;
  readonly event: string;
  /** `data` as JSON. */
  readonly json: string;
  readonly notification: PushNotification | undefined;
}

/** The parts of a message that only its backend can check. */
export interface BackendMessageOptions {
  readonly event: string;
  readonly notification: PushNotification | undefined;
  readonly except: string | undefined;
  readonly backendOptions: Readonly<Record<string, unknown>> | undefined;
}

/** What a backend may ask of the service that uses it. */
export interface BackendHost {
  receive(message: IncomingMessage): void;
  readonly logger: Logger;
  /** Requests that the service makes at once. */
  readonly concurrency?: number;
  /** The service itself, which has a new host each time it is configured. @default the host */
  readonly owner?: object;
}
