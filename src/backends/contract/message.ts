import type { JsonValue, OutgoingMessage, PushNotification } from '../../wire/message.js';

/** The parts of a message that a backend's `encode` makes the event's payload of. */
export interface EventParts {
  /** The message's id, a UUID. */
  readonly id: string;
  readonly event: string;
  /** `data` as JSON text. */
  readonly json: string;
  readonly notification: PushNotification | undefined;
}

/** The parts of a message that a backend's `checkMessage` checks. */
export interface BackendMessageOptions {
  readonly event: string;
  readonly notification: PushNotification | undefined;
  /** Socket id of the connection that must not receive the message. */
  readonly except: string | undefined;
  /** The backend's own options for this message, as the caller wrote them. */
  readonly backendOptions: Readonly<Record<string, unknown>> | undefined;
}

/** Makes the message that a backend gets. `data` is read back from its JSON text when it is first asked for. */
export function outgoingMessage(parts: {
  id: string;
  event: string;
  json: string;
  payload: string;
  notification: PushNotification | undefined;
  except: string | undefined;
  idempotencyKey: string | undefined;
  backendOptions: Record<string, unknown> | undefined;
}): OutgoingMessage {
  const { id, event, json, payload, notification, except, idempotencyKey, backendOptions } = parts;
  let data: JsonValue | undefined;
  const message = {
    id,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    event,
    get data(): JsonValue {
      data ??= JSON.parse(json) as JsonValue;
      return data;
    },
    ...(notification && { notification: { ...notification } }),
    ...(except !== undefined && { except }),
    ...(backendOptions && { backendOptions: { ...backendOptions } }),
  };
  return Object.defineProperty(message, 'payload', { value: payload }) as typeof message & { payload: string };
}

/**
 * Adds a notification to an event's data, as its key `notification`. Data that is no object becomes the key `data`
 * beside it.
 * @param json the data as JSON text
 * @returns JSON text
 */
export function jsonWithNotification(json: string, notification: PushNotification): string {
  const added = `"notification":${JSON.stringify(notification)}`;
  if (json === 'null' || json === '{}') return `{${added}}`;
  if (json.startsWith('{')) return `${json.slice(0, -1)},${added}}`;
  return `{"data":${json},${added}}`;
}
