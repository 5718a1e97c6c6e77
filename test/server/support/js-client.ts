import PusherClient from 'pusher-js';
import { onTestFinished } from 'vitest';
import type { WebSocketService } from '../../../src/backends/websocket/index.js';
import type { PresenceMember, UserAuthentication } from '../../../src/index.js';
import { portOf } from './server.js';

export type JsClient = InstanceType<typeof PusherClient.default>;
/** A channel, a connection or a client of pusher-js. */
export type Bindable = { bind(event: string, listener: (data: never) => void): unknown };

/** pusher-js for Node is CommonJS: its class is the default export itself. */
export const JsClientClass: typeof PusherClient.default = PusherClient as unknown as typeof PusherClient.default;

/** Signs what a client asks for, as an application's server does. */
interface Signer {
  authorizeChannel(
    socketId: string,
    channel: string,
    member: PresenceMember,
  ): ReturnType<WebSocketService['authorizeChannel']>;
  authenticateUser(socketId: string, user: { id: string }): UserAuthentication;
}

/**
 * A pusher-js client whose channels and user are signed as those of the given user; it is gone at the end of the test.
 * @param details of the user who signs in, beside the id
 */
export function signedClient(port: number, signer: Signer, member: PresenceMember, details: object = {}): JsClient {
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
        callback(null, signer.authorizeChannel(socketId, channelName, member)),
    },
    userAuthentication: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId }, callback) =>
        callback(null, signer.authenticateUser(socketId, { ...details, id: member.id })),
    },
  });
  onTestFinished(() => client.disconnect());
  return client;
}

/** A pusher-js client whose channels and user the embedded server itself signs. */
export function jsClient(service: WebSocketService, userId: string = 'ann', port: number = portOf(service)): JsClient {
  return signedClient(port, service, { id: userId, info: { name: userId.toUpperCase() } });
}

/** The data of the next event of this name. */
export function heard<T>(source: Bindable, event: string): Promise<T> {
  return new Promise((resolve) => source.bind(event, resolve as (data: never) => void));
}
