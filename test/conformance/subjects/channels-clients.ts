import type { WebSocketService } from '../../../src/backends/websocket/index.js';
import type { PresenceMember } from '../../../src/index.js';
import type { ConformanceClient, ProviderRecord } from '../../../src/testing/index.js';
import { Client } from '../../server/support/client.js';

/** Clients of an embedded server, which show what it delivers. */
export class ChannelsClients {
  readonly #server: WebSocketService;
  readonly #port: number | undefined;
  readonly #clients: Client[] = [];
  #watcher: Client | undefined;

  /** @param port where the server is reached @default where it listens itself */
  constructor(server: WebSocketService, port?: number) {
    this.#server = server;
    this.#port = port;
  }

  async watch(channels: readonly string[]): Promise<void> {
    this.#watcher ??= await this.#connect();
    for (const channel of channels) this.#watcher.send('pusher:subscribe', { channel });
    this.#watcher.send('pusher:ping', {});
    await this.#watcher.next('pusher:pong');
  }

  received(): readonly ProviderRecord[] {
    return this.#watcher === undefined ? [] : recordsOf(this.#watcher);
  }

  async join(channel: string, member?: PresenceMember): Promise<ConformanceClient> {
    const client = await this.#connect();
    if (member === undefined) await client.subscribe(channel);
    else await client.subscribe(channel, this.#server.authorizeChannel(client.socketId, channel, member));
    return { socketId: client.socketId, received: () => recordsOf(client), close: () => client.close() };
  }

  close(): void {
    for (const { socket } of this.#clients) socket.terminate();
  }

  async #connect(): Promise<Client> {
    const client = await Client.connect(this.#server, {
      url: `ws://127.0.0.1:${this.#port ?? this.#server.address?.port}/app/key?protocol=7&client=test`,
    });
    this.#clients.push(client);
    return client;
  }
}

function recordsOf({ received }: Client): readonly ProviderRecord[] {
  return received.flatMap(({ event, channel, data }) =>
    channel === undefined || event.startsWith('pusher')
      ? []
      : [{ channel, event, data: JSON.parse(String(data)) as unknown }],
  );
}
