import type { App } from './app.js';
import { EXPOSITION_TYPE } from './metrics/exposition.js';
import type { WebSocketServerApi } from './public-types.js';

/**
 * Makes `backend.api`. Its type is in `public-types.ts`, so that no inner type of the server gets into the public ones.
 * @param app returns the application in the settings
 * @param metrics returns the figures of the server
 * @param onDeaf calls a listener at the end of each time in which the relay was not heard
 */
export function applicationApi(
  app: () => App,
  metrics: () => string,
  onDeaf: WebSocketServerApi['onDeaf'],
): WebSocketServerApi {
  return {
    metrics,
    onDeaf,
    metricsContentType: EXPOSITION_TYPE,
    connections: async () => app().overview.connections(),
    get localConnections(): number {
      return app().connections.size;
    },
    isLocal: (socketId) => app().connections.has(socketId),
    channels: async () => {
      const names = new Set<string>();
      for await (const page of app().overview.channels('')) for (const { name } of page) names.add(name);
      return [...names];
    },
    disconnect: async (socketId) => (await app().request({ do: 'disconnect', socketId })) > 0,
    disconnectUser: async (userId) => app().request({ do: 'disconnectUser', userId }),
  };
}
