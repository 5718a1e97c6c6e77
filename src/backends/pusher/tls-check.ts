import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { PushError } from '../../core/errors.js';
import { authorityOf } from '../sdk/host.js';
import { networkFailure } from '../sdk/network-failure.js';
import type { ProviderProxy } from '../sdk/provider-proxy.js';

/**
 * Makes a TLS connection, through the proxy if there is one, beside that of `pusher-js`, which tells nobody why a
 * connection cannot be made (8.6, on Node) and tries again for ever.
 * @param host an IPv6 address may have brackets
 * @param onUntrusted called when the server's certificate is not trusted, when it speaks no TLS, and when the proxy
 * refuses. Other failures may pass.
 * @returns ends the check
 */
export function checkTls(
  { host, port, proxy }: { readonly host: string; readonly port: number; readonly proxy: ProviderProxy | undefined },
  redact: (text: string) => string,
  onUntrusted: (error: PushError) => void,
): () => void {
  // Loaded on demand, as in addresses.ts.
  const { isIP } = process.getBuiltinModule('node:net');
  const name = host.replace(/^\[|\]$/g, '');
  const server = { host: name, port, ...(isIP(name) === 0 && { servername: name }) };
  const connection = proxy === undefined ? connected(server) : tunnelled(server, proxy);
  connection.once('error', (error) => {
    const origin = `https://${authorityOf(name, port)}`;
    const failure = networkFailure({ backend: 'pusher', provider: 'Pusher', origin, proxy, error, redact });
    if (failure !== undefined && !failure.retryable) onUntrusted(failure);
  });
  return () => void connection.destroy();
}

function connected(server: object): Duplex {
  const socket = process.getBuiltinModule('node:tls').connect(server);
  return socket.once('secureConnect', () => socket.destroy());
}

/** Begins a request through the proxy, and ends it as soon as it has a connection. Nothing of it is sent. */
function tunnelled(server: object, { url }: ProviderProxy): ClientRequest {
  const { Agent, request } = process.getBuiltinModule('node:https');
  const proxyEnv = { https_proxy: url };
  const begun = request({ ...server, agent: new Agent({ proxyEnv } as object) });
  begun.once('socket', (socket) => {
    const end = (): void => void begun.destroy();
    if (Reflect.get(socket, 'secureConnecting') === true) socket.once('secureConnect', end);
    else end();
  });
  return begun;
}
