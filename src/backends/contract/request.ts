import type { PushError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { DeliveryError } from '../../core/report.js';
import type { ChannelDetails, IncomingMessage, PushNotification } from '../../wire/message.js';

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

/** What became of one channel, with an error of ours. */
export interface Outcome extends ChannelResult {
  readonly error?: PushError;
}

/** Whatever goes to one channel. */
interface Addressed {
  readonly channel: string;
}

/**
 * One outcome for each parcel, in their order, whatever order the backend answered in. Two messages for one channel are told
 * apart by their place alone.
 */
export function outcomesOf(
  parcels: readonly Addressed[],
  results: readonly ChannelResult[],
  backend: string,
  pushErrorOf: (error: unknown) => PushError,
): readonly Outcome[] {
  let elsewhere: ReadonlyMap<string, ChannelResult> | undefined;
  return parcels.map(({ channel }, index) => {
    let result = results[index];
    if (result?.channel !== channel) {
      elsewhere ??= byChannel(parcels, results);
      result = elsewhere.get(channel);
    }
    if (result === undefined) {
      const message = `The ${backend} backend gave no result for this channel.`;
      return { channel, error: new DeliveryError(message, { backend, outcome: 'unknown' }) };
    }
    const { error, info } = result;
    if (error !== undefined && error !== null) return { channel, error: pushErrorOf(error) };
    return { channel, ...(info !== undefined && { info }) };
  });
}

function byChannel(
  parcels: readonly Addressed[],
  results: readonly ChannelResult[],
): ReadonlyMap<string, ChannelResult> {
  const isByPlace = new Set(parcels.map(({ channel }) => channel)).size < parcels.length;
  return new Map(isByPlace ? [] : results.filter(Boolean).map((result) => [result.channel, result]));
}

/** Whether what a backend returned for a channel says more than that the message was accepted. */
export function isResultOf(channel: string, value: unknown): value is ChannelResult {
  if (typeof value !== 'object' || value === null || !('channel' in value) || value.channel !== channel) return false;
  return 'info' in value || 'error' in value;
}

/** Adds a notification to an event's data, under the key `notification`. @param json the data */
export function withNotification(json: string, notification: PushNotification): string {
  const added = `"notification":${JSON.stringify(notification)}`;
  if (json === 'null' || json === '{}') return `{${added}}`;
  if (json.startsWith('{')) return `${json.slice(0, -1)},${added}}`;
  return `{"data":${json},${added}}`;
}
