import type { IncomingMessage } from '../../message.js';
import type { OneSignalNotificationLike } from './onesignal-like.js';

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
  if (typeof value !== 'object' || value === null) return false;
  const { event, id } = value as Partial<Envelope>;
  return typeof event === 'string' && typeof id === 'string' && 'data' in value;
}
