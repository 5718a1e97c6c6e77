import type { IncomingMessage, PushNotification } from '../../../wire/message.js';
import type { PubNubEventLike } from './pubnub-like.js';

/** What the `pubnub` backend wraps a message in. */
interface Envelope {
  readonly event: string;
  readonly data?: unknown;
  readonly id?: string;
  readonly notification?: PushNotification;
}

/** Unwraps what the application sent. What others sent is the data of an event of the given name, as on the server. */
export function pubnubMessage(received: PubNubEventLike, defaultEvent: string): IncomingMessage {
  const { channel, subscription, message, timetoken, publisher } = received;
  const {
    event,
    data = null,
    id,
    notification,
  } = isEnvelope(message) ? message : { event: defaultEvent, data: message };
  return {
    channel,
    event,
    data,
    ...(id !== undefined && { id }),
    ...(notification !== undefined && { notification }),
    timetoken: String(timetoken),
    ...(publisher !== undefined && { userId: publisher }),
    ...(subscription !== null && subscription !== channel && { subscription }),
  };
}

/** The type of each key that an envelope may have. */
const envelopeTypes: Readonly<Record<string, (value: unknown) => boolean>> = {
  event: (value) => typeof value === 'string',
  data: () => true,
  id: (value) => typeof value === 'string',
  notification: (value) => typeof value === 'object' && value !== null,
};

function isEnvelope(message: unknown): message is Envelope {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(message, 'event')) return false;
  return Object.entries(message).every(
    ([key, value]) => Object.hasOwn(envelopeTypes, key) && envelopeTypes[key]?.(value),
  );
}
