import { record } from '../../wire/is-record.js';
import { hideProperty } from '../sdk/hidden-secrets.js';
import { loadSdk } from '../sdk/peer.js';
import type { CheckedOptions, HttpAgentLike } from './options.js';

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
type PusherClass = new (settings: object) => PusherClient;

/** The application's keys and the server's address, as the package takes them. */
export interface PusherTarget {
  readonly appId: string;
  readonly key: string;
  readonly secret: string;
  readonly useTLS: boolean;
  readonly host: string;
  readonly port?: string;
}

/** Makes the client of the package, which shows no secret. @throws ConfigurationError when the package is missing */
export function pusherClient(
  target: PusherTarget,
  { Pusher, encryptionMasterKeyBase64 }: CheckedOptions,
  agent: HttpAgentLike | undefined,
): PusherClient {
  const Class = (Pusher ?? loadSdk('pusher', 'the pusher backend', 'Pusher')) as PusherClass;
  const key = encryptionMasterKeyBase64 !== undefined && { encryptionMasterKeyBase64 };
  const client = new Class({ ...target, agent, ...key });
  hideSecrets(client);
  return client;
}

/**
 * Hides the secrets of a client from `inspect`, `console.dir` and `JSON.stringify`. An agent may hold the password of a
 * proxy.
 */
function hideSecrets(client: object): void {
  // Versions before 5.2 have a second client, for another product.
  for (const owner of [client, Reflect.get(client, 'notificationClient')]) {
    const config: unknown = record(owner)['config'];
    for (const key of ['encryptionMasterKey', 'agent']) hideProperty(config, key);
    hideProperty(record(config)['token'], 'secret');
  }
}
