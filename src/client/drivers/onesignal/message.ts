import { record } from '../../../wire/is-record.js';
import type { IncomingMessage } from '../../../wire/message.js';

/** What the `onesignal` backend sends as a notification's data. */
interface Envelope {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** Unwraps what the application sent. What others sent, such as from OneSignal's dashboard, is an event `message`. */
export function oneSignalMessage(notification: OneSignalNotificationLike, channel: string): IncomingMessage {
  const { notificationId, title, body, launchURL, additionalData = null } = notification;
  const message = isEnvelope(additionalData)
    ? additionalData
    : { event: 'message', data: additionalData, id: notificationId };
  return {
    channel,
    event: message.event,
    data: message.data,
    ...(message.id !== undefined && { id: message.id }),
    ...(title !== undefined && {
      notification: { title, ...(body !== undefined && { body }), ...(launchURL !== undefined && { url: launchURL }) },
    }),
  };
}

function isEnvelope(value: unknown): value is Envelope {
  const { event, id, data } = record(value);
  return typeof event === 'string' && typeof id === 'string' && data !== undefined;
}

/** A notification as OneSignal's SDK hands it to a listener. */
export interface OneSignalNotificationLike {
  readonly notificationId?: string;
  readonly title?: string;
  readonly body?: string;
  readonly launchURL?: string;
  /** The data that was sent with it. */
  readonly additionalData?: unknown;
}

/** What the events `foregroundWillDisplay` and `click` hand over. */
export interface OneSignalEventLike {
  readonly notification: OneSignalNotificationLike;
}

/** The part of OneSignal's web SDK, version 16, that the driver uses. Source: https://documentation.onesignal.com/docs/web-sdk-reference */
export interface OneSignalLike {
  init(options: object): Promise<unknown>;
  login(externalId: string, jwtToken?: string): Promise<unknown>;
  readonly Notifications: {
    addEventListener(event: 'foregroundWillDisplay' | 'click', listener: (event: OneSignalEventLike) => void): void;
    removeEventListener(event: 'foregroundWillDisplay' | 'click', listener: (event: OneSignalEventLike) => void): void;
  };
}

/** What waits for the SDK to load: it calls each function that was pushed before, and from then on at once. */
export interface OneSignalDeferredLike {
  push(callback: (oneSignal: OneSignalLike) => unknown): unknown;
}
