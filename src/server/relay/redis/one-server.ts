import { checkServer } from './check-server.js';
import { Hearing } from './hearing.js';
import { Lane } from './lane.js';
import type { Dial } from './link.js';
import { failed } from './plain-errors.js';
import { RedisServer } from './redis-server.js';
import { Subscriptions } from './subscriptions.js';
import { Ticker } from './ticker.js';
import type { RedisTransport, Script, TransportHost } from './transport.js';

/** The transport to one Redis server, or to the master that Sentinels name. It has one partition. */
export class OneServer implements RedisTransport {
  readonly partitions = 1;
  readonly publishCommand = 'PUBLISH';
  readonly #prefix: string;
  readonly #subscriptions: Subscriptions;
  readonly #lane: Lane;
  readonly #server: RedisServer;
  readonly #hearing: Hearing;
  readonly #ticker: Ticker;

  constructor(dial: Dial, host: TransportHost, prefix: string, timeoutMs: number, failure: (reason: Error) => void) {
    this.#prefix = prefix;
    this.#hearing = new Hearing(host, this.partitions);
    this.#subscriptions = new Subscriptions((error) => this.#server.renewListening(error));
    this.#server = new RedisServer({
      logger: () => host.logger(),
      label: 'Redis',
      dial: (events) => dial(events, false),
      check: (link) => checkServer(link, host.logger(), false, this),
      message: (channel, payload) => host.message(channel, payload),
      moved: () => {},
      deaf: (partitions, since) => this.#hearing.lost(partitions, since),
      hearing: (partitions) => this.#hearing.regained(partitions),
      failed: failure,
    });
    this.#lane = new Lane(
      {
        commands: () => this.#server.commands,
        misrouted: async () => {},
        refused: (error) => this.#server.renewCommands(error),
      },
      timeoutMs,
    );
    void this.#server.assign([{ partition: 0, subscriptions: this.#subscriptions }]);
    this.#ticker = new Ticker((ms) => {
      this.#server.tick(ms);
      this.#lane.sweep();
    });
  }

  /** Resolves when commands can be sent, and messages are heard. */
  async opened(): Promise<void> {
    await Promise.all([this.#hearing.first, this.#server.ready]);
  }

  name(_partition: number, text: string): string {
    return this.#prefix + text;
  }

  textOf(name: string): { readonly partition: number; readonly text: string } {
    return { partition: 0, text: name.slice(this.#prefix.length) };
  }

  run(
    _partition: number,
    script: Script,
    keys: readonly string[],
    parameters: readonly (string | Uint8Array)[],
  ): Promise<unknown> {
    return this.#lane.run(script, keys, parameters);
  }

  subscribe(_partition: number, channels: readonly string[]): Promise<void> {
    return this.#subscriptions.add(channels);
  }

  async unsubscribe(_partition: number, channels: readonly string[]): Promise<void> {
    this.#subscriptions.remove(channels);
  }

  async close(): Promise<void> {
    this.#ticker.close();
    this.#lane.close();
    this.#subscriptions.close(failed('subscribe', 'rejected', 'the relay was closed', false));
    await this.#server.close();
  }
}
