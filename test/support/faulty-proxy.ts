import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen } from './ports.ts';

/** A TCP proxy to a server on 127.0.0.1, for what happens to networks: bytes are swallowed or late, connections break. */
export class FaultyProxy {
  readonly port: number;
  readonly #server: Server;
  #target: number;
  readonly #sockets = new Set<Socket>();
  /** Those of which bytes are lost. */
  readonly #broken = new Set<Socket>();
  #isSwallowing = false;
  #isRefusing = false;
  #delayMs = 0;

  private constructor(server: Server, port: number, target: number) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    server.on('connection', (client) => this.#take(client));
  }

  /** @param target the port of the server behind the proxy */
  static async start(target: number): Promise<FaultyProxy> {
    const server = createServer();
    return new FaultyProxy(server, await listen(server), target);
  }

  /** From now on all bytes are lost, of old connections and of new ones. None of them ends. */
  swallow(): void {
    this.#isSwallowing = true;
    for (const socket of this.#sockets) {
      this.#broken.add(socket);
      socket.resume();
    }
  }

  /** Forwards again. Connections of which bytes are lost break off, as they would with real ones. */
  heal(): void {
    this.#isSwallowing = false;
    this.#isRefusing = false;
    this.#delayMs = 0;
    for (const socket of this.#broken) socket.resetAndDestroy();
  }

  /** What clients send arrives so much later, in milliseconds. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Breaks off all connections, also those that come from now on. */
  refuse(): void {
    this.#isRefusing = true;
    this.cut();
  }

  /** Another server takes the place of the one behind the proxy. */
  lead(target: number): void {
    this.#target = target;
    this.cut();
  }

  /** Breaks off the connections that stand. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #take(client: Socket): void {
    this.#keep(client);
    if (this.#isRefusing) {
      client.resetAndDestroy();
      return;
    }
    if (this.#isSwallowing) {
      this.#broken.add(client);
      client.resume();
      return;
    }
    const upstream = connect(this.#target, '127.0.0.1');
    this.#keep(upstream);
    const forward = (from: Socket, to: Socket, isDelayed: boolean): void => {
      from.on('data', (bytes) => {
        const hand = (): void => {
          // What the one does not read, the other must not be let to send.
          if (!this.#broken.has(from) && !to.write(bytes)) from.pause();
        };
        if (isDelayed && this.#delayMs > 0) setTimeout(hand, this.#delayMs);
        else hand();
      });
      to.on('drain', () => from.resume());
      from.on('close', () => {
        // Swallowed is the news that it has ended, too.
        if (!this.#broken.has(from) || !this.#isSwallowing) to.destroy();
      });
    };
    forward(client, upstream, true);
    forward(upstream, client, false);
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#broken.delete(socket);
    });
    socket.on('error', () => socket.destroy());
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
