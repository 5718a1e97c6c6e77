import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Dialect } from './dialects.ts';
import { FrameReader } from './frame-reader.ts';

/** All sockets are read into the same memory, one after the other. */
const readBuffer = Buffer.alloc(65_536);

/** A WebSocket client that does nothing with events but count them. */
export class LightClient {
  /** Resolves when it would get events; rejects when the server refuses or leaves. */
  readonly ready: Promise<void>;
  /** Why the connection is gone, if it is. */
  lost: string | undefined;
  events = 0;
  /** What the server has sent since the upgrade. */
  bytes = 0;
  readonly #dialect: Dialect;
  readonly #onEvent: (client: LightClient) => void;
  readonly #readiness = Promise.withResolvers<void>();
  readonly #reader: FrameReader;
  readonly #socket: Socket;
  #unconfirmed = 0;
  #whenConfirmed: (() => void) | undefined;
  /** The answer to the upgrade, until all of it is there. */
  #answer: string | undefined = '';

  constructor(port: number, dialect: Dialect, onEvent: (client: LightClient) => void) {
    this.#dialect = dialect;
    this.#onEvent = onEvent;
    this.#reader = new FrameReader((head) => this.#hear(head), dialect.headBytes);
    this.ready = this.#readiness.promise;
    const onread = { buffer: readBuffer, callback: (size: number) => this.#read(readBuffer.subarray(0, size)) };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread }, () =>
      this.#socket.write(upgrade(dialect.path)),
    );
    this.#socket.on('error', (error) => this.#lose(error.message));
    this.#socket.on('close', () => this.#lose('the server closed the connection'));
  }

  send(text: string): void {
    if (this.#socket.writable) this.#socket.write(maskedFrame(text));
  }

  /** Leaves, and resolves when the server has closed its side too. */
  async leave(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.end();
    await closed;
  }

  /** Subscribes to channels, and resolves when all of them are confirmed. */
  subscribe(names: readonly string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#unconfirmed = names.length;
    this.#whenConfirmed = resolve;
    const texts = names.map((channel) => `{"event":"pusher:subscribe","data":{"channel":"${channel}"}}`);
    this.#socket.write(Buffer.concat(texts.map(maskedFrame)));
    return promise;
  }

  #lose(reason: string): void {
    this.lost ??= reason;
    this.#readiness.reject(new Error(reason));
  }

  #read(bytes: Buffer): boolean {
    if (this.#answer === undefined) {
      this.bytes += bytes.length;
      this.#reader.read(bytes);
      return true;
    }
    this.#answer += bytes.toString('latin1');
    const end = this.#answer.indexOf('\r\n\r\n');
    if (end < 0) return true;
    if (!this.#answer.startsWith('HTTP/1.1 101')) {
      this.#lose(this.#answer.slice(0, 100));
      return true;
    }
    const rest = Buffer.from(this.#answer.slice(end + 4), 'latin1');
    this.#answer = undefined;
    if (this.#dialect.isReadyWhenOpen === true) this.#readiness.resolve();
    this.#reader.read(rest);
    return true;
  }

  #hear(head: string): void {
    if (head.startsWith(this.#dialect.event)) {
      this.events++;
      this.#onEvent(this);
      return;
    }
    const reaction = this.#dialect.hear(head);
    if (reaction === 'ready') this.#readiness.resolve();
    else if (reaction === 'confirmed') {
      this.#unconfirmed--;
      if (this.#unconfirmed === 0) this.#whenConfirmed?.();
    } else if (reaction !== undefined) this.send(reaction.send);
  }
}

function upgrade(path: string): string {
  const key = randomBytes(16).toString('base64');
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
}

/** A text of less than 64 kB. The mask is zero, which the protocol allows and leaves the payload as it is. */
function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const header = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([0x81, ...header, 0, 0, 0, 0]), payload]);
}
