import type { IncomingMessage } from '../../../wire/message.js';
import { isOneSignalEnvelope } from '../../../wire/onesignal-envelope.js';

/** A notification as OneSignal's SDK hands it to a listener. */
export interface OneSignalNotificationLike {
  readonly notificationId?: string;
  readonly title?: string;
  readonly body?: string;
  readonly launchURL?: string;
  /** The data of the notification. */
  readonly additionalData?: unknown;
}

/** Argument of the events `foregroundWillDisplay` and `click`. */
export interface OneSignalEventLike {
  readonly notification: OneSignalNotificationLike;
}

/**
 * The part of OneSignal's web SDK, version 16, that the driver uses.
 * Source: https://documentation.onesignal.com/docs/web-sdk-reference
 */
export interface OneSignalLike {
  init(options: object): Promise<unknown>;
  login(externalId: string, jwtToken?: string): Promise<unknown>;
  readonly Notifications: {
    addEventListener(event: 'foregroundWillDisplay' | 'click', listener: (event: OneSignalEventLike) => void): void;
    removeEventListener(event: 'foregroundWillDisplay' | 'click', listener: (event: OneSignalEventLike) => void): void;
  };
}

/** Queue of functions that wait for the SDK. The SDK calls them when it has loaded, and calls later ones at once. */
export interface OneSignalDeferredLike {
  push(callback: (oneSignal: OneSignalLike) => unknown): unknown;
}

/**
 * Reads a message out of a notification. One that the application did not send, as from OneSignal's dashboard, is an
 * event `message`.
 */
export function readMessage(notification: OneSignalNotificationLike, channel: string): IncomingMessage {
  const { notificationId, title, body, launchURL, additionalData = null } = notification;
  const message = isOneSignalEnvelope(additionalData)
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
