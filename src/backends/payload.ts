import type { PushNotification } from '../message.js';

/** Adds a notification to an event's data, under the key `notification`. @param json the data */
export function withNotification(json: string, notification: PushNotification): string {
  const added = `"notification":${JSON.stringify(notification)}`;
  if (json === 'null' || json === '{}') return `{${added}}`;
  if (json.startsWith('{')) return `${json.slice(0, -1)},${added}}`;
  return `{"data":${json},${added}}`;
}
