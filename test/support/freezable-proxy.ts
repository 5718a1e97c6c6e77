import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen } from './ports.js';

/** A TCP proxy that can stop forwarding, as a server does that is frozen: its connections stand, and nothing comes. */
export class FreezableProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isFrozen = false;

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1');
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
        socket.on('error', () => {
          client.destroy();
          upstream.destroy();
        });
        if (this.#isFrozen) socket.pause();
      }
    });
  }

  /** @param target the port of the server behind the proxy */
  static async start(target: number): Promise<{ readonly proxy: FreezableProxy; readonly port: number }> {
    const proxy = new FreezableProxy(target);
    return { proxy, port: await listen(proxy.#server) };
  }

  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Lets the connections that stand go silent, as they do when a machine sleeps. New ones are forwarded. */
  silence(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  /** Breaks the connections off that stand. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
