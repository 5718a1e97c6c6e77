import { record } from './is-record.js';

/** The data of a notification that the `onesignal` backend sends. */
export interface OneSignalEnvelope {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** The JSON text of the envelope. @param parts `json` is the message's data as JSON */
export function oneSignalEnvelopeJson({
  id,
  event,
  json,
}: {
  readonly id: string;
  readonly event: string;
  readonly json: string;
}): string {
  return `{"event":${JSON.stringify(event)},"id":${JSON.stringify(id)},"data":${json}}`;
}

/** Whether a notification's data is the envelope. Others than the application may send any data. */
export function isOneSignalEnvelope(value: unknown): value is OneSignalEnvelope {
  const { event, id, data } = record(value);
  return typeof event === 'string' && typeof id === 'string' && data !== undefined;
}
