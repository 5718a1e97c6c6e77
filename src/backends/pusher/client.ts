import { hideProperty } from '../sdk/hidden-secrets.js';

/** An answer of the package `pusher`. */
export interface PusherResponse {
  readonly status: number;
  text(): Promise<string>;
}

/** An event of a batch. */
export interface PusherBatchEvent {
  channel: string;
  name: string;
  data: unknown;
  socket_id?: string;
  info?: string;
}

/** The client of the package `pusher`. The type is structural, so that it needs no types of the package. */
export interface PusherClient {
  trigger(channels: string | string[], event: string, data: unknown, parameters?: object): Promise<PusherResponse>;
  /** Encrypts the data in the given array, so pass a new array each time. */
  triggerBatch(batch: PusherBatchEvent[]): Promise<PusherResponse>;
  sendToUser(userId: string, event: string, data: unknown): Promise<PusherResponse>;
  terminateUserConnections(userId: string): Promise<PusherResponse>;
  get(request: { path: string; params?: object }): Promise<PusherResponse>;
  post(request: { path: string; body: object; params?: object }): Promise<PusherResponse>;
  authorizeChannel(socketId: string, channel: string, data?: object): object;
  authenticateUser(socketId: string, userData: object): object;
  webhook(request: { headers: object; rawBody: string }): object;
}

/** The constructor that the package exports. */
export type PusherClass = new (settings: object) => PusherClient;

/**
 * Hides the secrets of a client from `inspect`, `console.dir` and `JSON.stringify`. An agent may hold the password of a
 * proxy.
 */
export function hideSecrets(client: PusherClient): void {
  if (!('config' in client)) return;
  const { config } = client;
  for (const key of ['encryptionMasterKey', 'agent']) hideProperty(config, key);
  if (typeof config === 'object' && config !== null && 'token' in config) hideProperty(config.token, 'secret');
}
