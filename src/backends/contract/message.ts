import type { JsonValue, OutgoingMessage, PushNotification } from '../../wire/message.js';

/** Makes the message that backends get: `data` is read back from the JSON when it is first asked for. */
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
