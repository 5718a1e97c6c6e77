import PusherClient from 'pusher-js';
import { onTestFinished } from 'vitest';
import type { WebSocketService } from '../../../src/backends/websocket/index.js';
import { portOf } from './server.js';

export type JsClient = InstanceType<typeof PusherClient.default>;
/** A channel, a connection or a client of pusher-js. */
export type Bindable = { bind(event: string, listener: (data: never) => void): unknown };

/** pusher-js for Node is CommonJS: its class is the default export itself. */
export const JsClientClass: typeof PusherClient.default = PusherClient as unknown as typeof PusherClient.default;

/** A pusher-js client whose channels and user are authorised as the given user. */
export function jsClient(service: WebSocketService, userId: string = 'ann', port: number = portOf(service)): JsClient {
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
        callback(
          null,
          service.authorizeChannel(socketId, channelName, { id: userId, info: { name: userId.toUpperCase() } }),
        ),
    },
    userAuthentication: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId }, callback) => callback(null, service.authenticateUser(socketId, { id: userId })),
    },
  });
  onTestFinished(() => client.disconnect());
  return client;
}

/** The data of the next event of this name. */
export function heard<T>(source: Bindable, event: string): Promise<T> {
  return new Promise((resolve) => source.bind(event, resolve as (data: never) => void));
}
