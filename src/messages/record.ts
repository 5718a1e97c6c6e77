import type { DeliveryOutcome, PushErrorCode } from '../core/errors.js';
import type { ChannelDetails, JsonValue, PushNotification } from '../wire/message.js';
import type { MessageState } from './states.js';

/** An object of the application that a message is about, such as `{ type: 'order', id: '42' }`. */
export interface RelatedObject {
  readonly type: string;
  readonly id: string;
}

/** The receivers of a recorded message. Users are looked up when it is sent, so they stand here by their ids. */
export type Recipients =
  | { readonly users: readonly string[]; readonly channels?: undefined }
  | { readonly channels: readonly string[]; readonly users?: undefined };

/** What became of a message on a channel. `skipped`: it was not sent there, for a reason. */
export type ChannelState = 'accepted' | 'rejected' | 'unknown' | 'skipped';

/** An error, as it is recorded: without its causes, whose texts may hold anything. */
export interface RecordedError {
  /** The class of the error, such as `RateLimitError`. */
  readonly name: string;
  readonly code: PushErrorCode;
  readonly message: string;
  readonly backend?: string | undefined;
  readonly status?: number | undefined;
  readonly retryable: boolean;
  readonly outcome?: DeliveryOutcome | undefined;
}

/** Channels of one request that ended alike. */
export interface ChannelOutcome {
  readonly state: ChannelState;
  readonly channels: readonly string[];
  /** The id of the user whom each channel belongs to, in their order, where the message is for users. */
  readonly users?: readonly string[] | undefined;
  /** The backend that was asked. With the setting `backends` it is the name there. */
  readonly backend?: string | undefined;
  /** Why it was rejected, or why it is unknown. */
  readonly error?: RecordedError | undefined;
  /** Why it was skipped. */
  readonly reason?: string | undefined;
  /** What the provider told, by channel. */
  readonly info?: Readonly<Record<string, ChannelDetails>> | undefined;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
}

/** The urgency of a message: what is due is sent by priority, then by age. */
export type Priority = 'high' | 'normal' | 'low';

/** A recorded message. */
export interface MessageRecord {
  /** A UUID, which travels with the message. */
  readonly id: string;
  /** The name of the service that recorded it. */
  readonly service: string;
  readonly state: MessageState;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** When it became `SENT`. */
  readonly sentAt: Date | undefined;
  /** When it is due, or was. */
  readonly sendAfter: Date;
  readonly expiresAt: Date | undefined;
  readonly event: string;
  readonly recipients: Recipients;
  /** The names of the backends that it goes by, where the message chose: the option `via`. */
  readonly via: readonly string[] | undefined;
  /** Undefined when it was not kept, and in a list of records when `unseal` failed. */
  readonly data: JsonValue | undefined;
  readonly notification: PushNotification | undefined;
  readonly template: { readonly slug: string; readonly version: number } | undefined;
  /** The backend that it was last given to. With the setting `backends` it is the name there. */
  readonly backend: string | undefined;
  /** Why the last try failed. */
  readonly error: RecordedError | undefined;
  /** Why it was skipped: `condition`, `canSend`, `expired`, `unreachable`, `read`, or the words of a backend. */
  readonly reason: string | undefined;
  /** What became of each channel so far. */
  readonly channels: readonly ChannelOutcome[];
  /** The application's own, recorded and not sent. */
  readonly extraData: JsonValue | undefined;
  /** What the provider told, by channel, such as the id of a notification. */
  readonly extraSenderData: Readonly<Record<string, ChannelDetails>>;
  readonly tag: string | undefined;
  /** How many times it was tried to be sent; what `send` tries again at once counts as one. */
  readonly attempts: number;
  /** Whether another try is planned. */
  readonly retrySending: boolean;
  readonly priority: Priority;
  /** What `cancel` stops it by. */
  readonly key: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** What is asked at sending time. */
  readonly condition: { readonly name: string; readonly args: JsonValue | undefined } | undefined;
  /** Socket id of the connection that must not receive it. */
  readonly except: string | undefined;
  readonly backendOptions: Readonly<Record<string, JsonValue>> | undefined;
  /** Deadline of each attempt, in milliseconds. */
  readonly timeout: number | undefined;
  /** The trace that it belongs to, by W3C's headers. */
  readonly traceContext: TraceContext | undefined;
  readonly relatedTo: readonly RelatedObject[];
}

/** The headers of W3C Trace Context. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}
