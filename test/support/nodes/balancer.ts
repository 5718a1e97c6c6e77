import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A plain TCP balancer: each connection goes to the next of several ports, and is piped to it as it is. */
export class Balancer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #ports: readonly number[];
  #next = 0;

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
    this.#server = createServer((client) => this.#forward(client));
  }

  /** @param port what it listens on itself; 0 takes a free one */
  static async start(ports: readonly number[], port = 0): Promise<Balancer> {
    const balancer = new Balancer(ports);
    balancer.#server.listen(port, '127.0.0.1');
    await once(balancer.#server, 'listening');
    return balancer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sends nobody to a port any more. The connections to it stand. */
  takeOut(port: number): void {
    this.#ports = this.#ports.filter((each) => each !== port);
  }

  /** Sends some of those who come to a port as well. */
  add(port: number): void {
    this.#ports = [...this.#ports, port];
  }

  #forward(client: Socket): void {
    const port = this.#ports[this.#next++ % this.#ports.length];
    if (port === undefined) {
      client.destroy();
      return;
    }
    const node = connect(port, '127.0.0.1');
    client.pipe(node).pipe(client);
    for (const [one, other] of [
      [client, node],
      [node, client],
    ] as const) {
      one.setNoDelay(true);
      this.#sockets.add(one);
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroySoon();
      });
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
