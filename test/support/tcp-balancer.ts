import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen } from './ports.ts';

/** A TCP balancer as plain as can be: each connection goes to the next server in turn, past those that refuse it. */
export class TcpBalancer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #targets: readonly number[];
  #turn = 0;

  private constructor(server: Server, port: number, targets: readonly number[]) {
    this.#server = server;
    this.port = port;
    this.#targets = targets;
    server.on('connection', (client) => this.#take(client));
  }

  /** @param targets the ports of the servers, on 127.0.0.1 */
  static async start(targets: readonly number[]): Promise<TcpBalancer> {
    const server = createServer({ pauseOnConnect: true });
    return new TcpBalancer(server, await listen(server), targets);
  }

  /** Connections that come from now on go to these. Those that stand are left alone. */
  use(targets: readonly number[]): void {
    this.#targets = targets;
  }

  #take(client: Socket): void {
    this.#keep(client);
    const first = this.#turn++;
    const targets = this.#targets.map((_, place) => this.#targets[(first + place) % this.#targets.length] ?? 0);
    this.#try(client, targets);
  }

  #try(client: Socket, [target, ...others]: readonly number[]): void {
    if (target === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    const next = (): void => this.#try(client, others);
    upstream.once('error', next);
    upstream.once('connect', () => {
      upstream.off('error', next);
      this.#keep(upstream);
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
      client.pipe(upstream).pipe(client);
      client.resume();
      if (client.destroyed) upstream.destroy();
    });
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
