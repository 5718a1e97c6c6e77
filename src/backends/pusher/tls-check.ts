import type { PushError } from '../../core/errors.js';
import { networkErrorIn } from '../contract/network-error.js';
import { authorityOf } from '../sdk/host.js';
import { networkFailure } from '../sdk/network-failure.js';

/**
 * Makes a TLS connection beside that of `pusher-js`, which tells nobody why a connection cannot be made (8.6, on Node)
 * and tries again for ever.
 * @param host an IPv6 address may have brackets
 * @param onUntrusted called when the server's certificate is not trusted, or it speaks no TLS. Other failures may pass.
 * @returns ends the check
 */
export function checkTls(
  { host, port }: { readonly host: string; readonly port: number },
  redact: (text: string) => string,
  onUntrusted: (error: PushError) => void,
): () => void {
  // Loaded on demand, as in addresses.ts.
  const { isIP } = process.getBuiltinModule('node:net');
  const { connect } = process.getBuiltinModule('node:tls');
  const name = host.replace(/^\[|\]$/g, '');
  const socket = connect({ host: name, port, ...(isIP(name) === 0 && { servername: name }) });
  socket.once('secureConnect', () => socket.destroy());
  socket.once('error', (error) => {
    if (networkErrorIn(error)?.kind !== 'untrusted') return;
    const origin = `https://${authorityOf(name, port)}`;
    const failure = networkFailure({ backend: 'pusher', provider: 'Pusher', origin, error, redact });
    if (failure !== undefined) onUntrusted(failure);
  });
  return () => void socket.destroy();
}
