import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import { WebSocketService } from '../../../src/backends/websocket/index.js';
import type { PushServerSettings } from '../../../src/index.js';
import type { ConformanceSubject } from '../../../src/testing/index.js';
import { answering, type Fault, resetInBody, stalledHeaders } from '../../providers/faults.js';
import { ChannelsClients } from './channels-clients.js';

const keys = { appId: 'app', pubKey: 'key', secretKey: 'websocket-secret-key' };
const limits = { closeTimeoutMs: 100, maxChannelsPerConnection: 1_000 };

/** The embedded server, of which is seen what it delivers. */
export function websocketSubject(): ConformanceSubject {
  const backend = new WebSocketService({ ...keys, options: { port: 0, host: '127.0.0.1', ...limits } });
  const clients = new ChannelsClients(backend);
  return {
    settings: { backend },
    received: () => clients.received(),
    watch: (channels) => clients.watch(channels),
    join: (channel, member) => clients.join(channel, member),
    close: () => clients.close(),
  };
}

/** A backend that publishes to an embedded server in the same process. */
export function remoteSubject(): Promise<ConformanceSubject> {
  return onServer((port) => ({
    backend: new RemoteWebSocketService({ ...keys, options: { host: '127.0.0.1', port } }),
  }));
}

/** The pusher backend with an embedded server in place of Pusher. */
export function pusherOnEmbeddedServer(): Promise<ConformanceSubject> {
  return onServer((port) => ({ backend: 'pusher', ...keys, useSsl: false, options: { host: '127.0.0.1', port } }));
}

/** A server behind another one, which can go wrong before a request is passed on. */
async function onServer(settings: (port: number) => PushServerSettings): Promise<ConformanceSubject> {
  const server = new WebSocketService({ ...keys, options: limits });
  const inner = createServer();
  await server.attach(inner).open();
  let fault: Fault | undefined;
  const outer = createServer((request, response) => {
    if (fault === undefined) inner.emit('request', request, response);
    else fault({}, response);
  });
  outer.on('upgrade', (...parts) => inner.emit('upgrade', ...parts));
  outer.listen(0, '127.0.0.1');
  await once(outer, 'listening');
  const { port } = outer.address() as AddressInfo;
  const clients = new ChannelsClients(server, port);
  const go = (next: Fault | undefined) => (): void => {
    fault = next;
  };
  return {
    settings: settings(port),
    received: () => clients.received(),
    watch: (channels) => clients.watch(channels),
    join: (channel, member) => clients.join(channel, member),
    faults: {
      refuse: go(answering({ status: 400, body: 'no' })),
      hang: go(stalledHeaders),
      disconnect: go(resetInBody),
      recover: go(undefined),
    },
    async close() {
      clients.close();
      await server.close();
      outer.closeAllConnections();
      outer.close();
    },
  };
}
