import { connect, createServer } from 'node:net';

/**
 * A plain TCP balancer: it hands each connection to the next node in turn, and passes bytes on. It reads none of them, so
 * HTTP and WebSockets are alike to it, and a page's connections may go to different nodes.
 * @param ports returns the ports of the nodes on this machine
 */
export function createBalancer(ports) {
  let turn = 0;
  const sockets = new Set();
  const server = createServer((client) => {
    const nodes = ports();
    const first = turn++ % Math.max(nodes.length, 1);
    keep(client);
    handTo(client, [...nodes.slice(first), ...nodes.slice(0, first)]);
  });

  /** Connects a client to the first node that takes it. */
  function handTo(client, [port, ...others]) {
    if (port === undefined || client.destroyed) return client.destroy();
    const node = keep(connect(port, '127.0.0.1'));
    const next = () => handTo(client, others);
    node.once('error', next);
    node.once('connect', () => {
      node.off('error', next);
      client.pipe(node).pipe(client);
      // When one side is gone, so is the other.
      node.once('close', () => client.destroy());
      client.once('close', () => node.destroy());
      if (client.destroyed) node.destroy();
    });
  }

  function keep(socket) {
    sockets.add(socket);
    return socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  }

  return {
    /** @returns the port that it listens on */
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject).listen(port, () => resolve(server.address().port));
      }),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
