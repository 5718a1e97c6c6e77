import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { requestMade } from '../../departures.js';

/** Notes when a request leaves: as soon as it has a connection that is made, TLS included. */
export function watchDeparture(request: ClientRequest, signal: AbortSignal): void {
  const left = requestMade(signal);
  request.once('socket', (socket: Socket) => {
    // Of TLS sockets; the types do not know it.
    const isShakingHands = Reflect.get(socket, 'secureConnecting') === true;
    if (isShakingHands) socket.once('secureConnect', left);
    else if (socket.connecting) socket.once('connect', left);
    else left();
  });
}
