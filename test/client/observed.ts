import { onTestFinished } from 'vitest';
import type { IncomingMessage, PushClient, PushClientError } from '../../src/client/index.js';

/** What a client told its listeners. */
export interface Observed {
  readonly client: PushClient;
  readonly heard: IncomingMessage[];
  readonly states: string[];
  readonly errors: PushClientError[];
  /** Channels; with `again` behind those that were restored. */
  readonly subscribed: string[];
}

/** Connects a client, for as long as a test lasts, and notes what it tells. */
export function observed(client: PushClient): Observed {
  const heard: IncomingMessage[] = [];
  const states: string[] = [];
  const errors: PushClientError[] = [];
  const subscribed: string[] = [];
  client.bindAll((_data, message) => heard.push(message));
  client.onStateChange((state) => states.push(state));
  client.onError((error) => errors.push(error));
  client.onSubscribed(({ channel, isResubscription }) =>
    subscribed.push(isResubscription ? `${channel} again` : channel),
  );
  onTestFinished(() => client.disconnect());
  client.connect();
  return { client, heard, states, errors, subscribed };
}
