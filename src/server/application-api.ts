import { closeCode } from '../pusher-protocol/messages.js';
import type { App } from './app.js';
import type { WebSocketServerApi } from './public-types.js';

const reason = 'The application has ended the connection';

/**
 * Makes `backend.api`. Its type is in `public-types.ts`, so that no inner type of the server gets into the public ones.
 * @param app returns the application in the settings
 */
export function applicationApi(app: () => App): WebSocketServerApi {
  return {
    get connectionCount(): number {
      return app().connections.size;
    },
    channels: () => [...app().channels.keys()],
    disconnect: (socketId) => {
      const connection = app().connections.get(socketId);
      if (connection === undefined) return false;
      app().end(connection, closeCode.unauthorized, reason);
      return true;
    },
    disconnectUser: (userId) => {
      const connections = app().connectionsOf(userId);
      for (const connection of connections) app().end(connection, closeCode.unauthorized, reason);
      return connections.length;
    },
  };
}
