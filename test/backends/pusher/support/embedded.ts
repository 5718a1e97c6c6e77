import { onTestFinished } from 'vitest';
import { PusherService } from '../../../../src/backends/pusher/index.js';
import type { PusherOptions } from '../../../../src/backends/pusher/options.js';
import { type WebSocketOptions, WebSocketService } from '../../../../src/backends/websocket/index.js';
import { createPushService, type Logger, type PushService } from '../../../../src/index.js';
import { type JsClient, JsClientClass } from '../../../server/support/js-client.js';

export const credentials: { appId: string; pubKey: string; secretKey: string } = {
  appId: 'app',
  pubKey: 'key',
  secretKey: 'the-secret',
};
const encryptionMasterKeyBase64 = Buffer.alloc(32, 7).toString('base64');

/** The embedded server, for the pusher backend to talk to; closed at the end of the test. */
export async function startServer(
  options: WebSocketOptions = {},
  settings: typeof credentials = credentials,
): Promise<WebSocketService> {
  const server = new WebSocketService({
    ...settings,
    options: { port: 0, host: '127.0.0.1', closeTimeoutMs: 200, ...options },
  });
  onTestFinished(() => server.close());
  await server.open();
  return server;
}

/** A service whose pusher backend talks to the embedded server. */
export function serviceOn(
  port: number,
  { logger, ...options }: PusherOptions & { logger?: Logger } = {},
): { push: PushService; backend: PusherService } {
  const push = createPushService({
    backend: 'pusher',
    ...credentials,
    useSsl: false,
    retries: 0,
    options: { host: '127.0.0.1', port, encryptionMasterKeyBase64, ...options },
    ...(logger !== undefined && { logger }),
  });
  onTestFinished(() => push.close());
  const { backend } = push;
  if (!(backend instanceof PusherService)) throw new Error('not the pusher backend');
  return { push, backend };
}

/** A browser's client, whose subscriptions and user the backend signs. */
export function browser(port: number, backend: PusherService, userId = 'ann'): JsClient {
  const client = new JsClientClass('key', {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId, channelName }, callback) =>
        callback(null, backend.authorizeChannel(socketId, channelName, { id: userId })),
    },
    userAuthentication: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId }, callback) => callback(null, backend.authenticateUser(socketId, { id: userId })),
    },
  });
  onTestFinished(() => client.disconnect());
  return client;
}
