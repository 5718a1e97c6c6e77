import { randomUUID } from 'node:crypto';
import { outgoingMessage } from '../../src/backends/contract/message.js';
import type { JsonValue, OutgoingMessage } from '../../src/wire/message.js';

/** A message that a message store keeps: it may be sent again by its id. */
export function recordedMessage(event: string, data: JsonValue, id: string = randomUUID()): OutgoingMessage {
  const json = JSON.stringify(data);
  const none = { notification: undefined, except: undefined, idempotencyKey: undefined, backendOptions: undefined };
  return outgoingMessage({ ...none, id, event, json, payload: json, isRecorded: true });
}
