/** The answer that the package `pusher` resolves with. */
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

/** The client of the package `pusher`; structural, so that our types need none of its own. */
export interface PusherClient {
  trigger(channels: string | string[], event: string, data: unknown, parameters?: object): Promise<PusherResponse>;
  /** Encrypts within the array that it is given: it MUST be a fresh one each time. */
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

/** Takes the secrets out of what `inspect` and `JSON.stringify` show of the client; it goes on using them. */
export function hideSecrets(client: PusherClient): void {
  if (!('config' in client)) return;
  const { config } = client;
  hide(config, 'encryptionMasterKey');
  if (typeof config === 'object' && config !== null && 'token' in config) hide(config.token, 'secret');
}

function hide(owner: unknown, key: string): void {
  if (typeof owner === 'object' && owner !== null && Object.hasOwn(owner, key))
    Object.defineProperty(owner, key, { enumerable: false });
}
