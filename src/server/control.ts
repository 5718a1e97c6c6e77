import { closeCode } from '../pusher-protocol/messages.js';
import type { WebSocketServerApi } from './api.js';
import type { App } from './app.js';

/**
 * Makes `backend.api`. Apart from its type, so that no type of the server's inside gets into the public ones.
 * @param app the application whose state it is
 */
export function applicationControl(app: () => App): WebSocketServerApi {
  const reason = 'The application has ended the connection';
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
