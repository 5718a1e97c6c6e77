import { WebSocket } from 'ws';
import type { WebSocketService } from '../../../src/backends/websocket/index.js';
import { settled } from '../../support/nodes/nodes.js';

/** A message as a client sees it; `data` is as it came. */
export interface Message {
  event: string;
  channel?: string;
  data?: unknown;
  user_id?: string;
}

export interface ClientOptions {
  path?: string;
  key?: string;
  query?: string;
  headers?: Record<string, string>;
  url?: string;
  /** Whether it answers the ping frames of the WebSocket, as a browser does. */
  autoPong?: boolean;
}

/**
 * A bare client of the Channels protocol on a real `ws` socket, which waits for what it is asked for and never sleeps.
 */
export class Client {
  readonly socket: WebSocket;
  readonly received: Message[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  socketId = '';
  readonly #service: object;
  #waiting: (() => void)[] = [];
  #end: Error | undefined;

  constructor(
    service: Pick<WebSocketService, 'address'>,
    {
      key = 'key',
      path = `/app/${key}`,
      query = '?protocol=7&client=test',
      headers = {},
      url,
      autoPong = true,
    }: ClientOptions = {},
  ) {
    this.#service = service;
    this.socket = new WebSocket(url ?? `ws://127.0.0.1:${service.address?.port}${path}${query}`, {
      headers,
      autoPong,
      // The certificate of the tests is their own.
      rejectUnauthorized: false,
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.#end = new Error(`closed with ${code} ${reason.toString()}`);
        this.#wake();
        resolve({ code, reason: reason.toString() });
      });
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => {
      this.received.push(JSON.parse(String(data)) as Message);
      this.#wake();
    });
  }

  /** A client that the server has let in. */
  static async connect(service: Pick<WebSocketService, 'address'>, options?: ClientOptions): Promise<Client> {
    const client = new Client(service, options);
    const { socket_id: socketId } = client.dataOf(await client.next('pusher:connection_established'));
    client.socketId = String(socketId);
    return client;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** Takes the first message of this name that has come or comes, and everything that came before it. */
  async next(event: string): Promise<Message> {
    for (;;) {
      const index = this.received.findIndex((message) => message.event === event);
      const found = this.received[index];
      if (found !== undefined) {
        this.received.splice(0, index + 1);
        return found;
      }
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /**
   * All that has arrived, once the server has answered everything sent so far: all nodes of it, what any of them has
   * published, too.
   */
  async settled(): Promise<Message[]> {
    const answers = await this.#answered();
    if (!(await settled(this.#service))) return answers;
    return [...answers, ...(await this.#answered())];
  }

  async #answered(): Promise<Message[]> {
    const before: Message[] = [];
    this.send('pusher:ping', {});
    for (;;) {
      const index = this.received.findIndex(({ event }) => event === 'pusher:pong');
      if (index >= 0) return [...before, ...this.received.splice(0, index + 1).slice(0, -1)];
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  dataOf({ data }: Message): Record<string, unknown> {
    return (typeof data === 'string' ? JSON.parse(data) : data) as Record<string, unknown>;
  }

  send(event: string, data?: unknown, channel?: string): void {
    this.socket.send(JSON.stringify({ event, data, channel }));
  }

  /** Subscribes, and returns what the server says of it. */
  async subscribe(channel: string, grant: object = {}): Promise<Record<string, unknown>> {
    this.send('pusher:subscribe', { channel, ...grant });
    return this.dataOf(await this.next('pusher_internal:subscription_succeeded'));
  }

  /** Subscribes with a signature where one is needed. */
  async join(
    service: WebSocketService,
    channel: string,
    member?: { id: string; info?: never },
  ): Promise<Record<string, unknown>> {
    return this.subscribe(channel, service.authorizeChannel(this.socketId, channel, member));
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
