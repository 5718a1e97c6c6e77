import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { WebSocketService } from '../../../src/backends/websocket/index.js';
import { portOf } from './server.js';

/** A TCP connection to the server, for what no well-behaved client would send. */
export class RawClient {
  readonly socket: Socket;
  readonly ended: Promise<unknown>;
  socketId = '';
  #bytes: Buffer = Buffer.alloc(0);

  private constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.socket.on('close', resolve));
  }

  static async open(service: WebSocketService): Promise<RawClient> {
    const client = new RawClient(portOf(service));
    await once(client.socket, 'connect');
    return client;
  }

  /** Opens a WebSocket by hand, and reads up to the end of the first message. */
  static async connect(service: WebSocketService, path = '/app/key?protocol=7'): Promise<RawClient> {
    const client = await RawClient.open(service);
    client.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    client.collect();
    const text = await client.until((all) => all.includes('connection_established') && all.endsWith('}'));
    client.socketId = /\d+\.\d+(?=\\")/.exec(text)?.[0] ?? '';
    client.#bytes = Buffer.alloc(0);
    return client;
  }

  collect(): void {
    this.socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Waits until what has been read is as wanted. */
  async until(isEnough: (text: string) => boolean): Promise<string> {
    while (!isEnough(this.#bytes.toString()))
      await Promise.race([once(this.socket, 'data'), this.ended.then(() => Promise.reject(new Error('ended')))]);
    return this.#bytes.toString();
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Sends a text up to 64 kB, masked as a client must, in a header longer than it need be. */
  writeText(text: string): void {
    const payload = Buffer.from(text);
    this.write(
      Buffer.concat([Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]), payload]),
    );
  }

  /** The code of the close frame that the server ends with. */
  async closeCode(): Promise<number> {
    for (;;) {
      const start = this.#bytes.lastIndexOf(0x88);
      if (start >= 0 && this.#bytes.length >= start + 4) return this.#bytes.readUInt16BE(start + 2);
      await once(this.socket, 'data');
    }
  }

  destroy(): void {
    this.socket.destroy();
  }
}
