import type { Logger } from '../../../core/logger.js';

/** A Lua script. Its keys are all in the partition that it is run in. */
export interface Script {
  /** In errors, such as `update`. */
  readonly name: string;
  readonly text: string;
  /** Whether texts in its reply are Buffers. @default false: they are strings */
  readonly isBinary?: boolean | undefined;
}

/** What a transport tells. Its methods never throw. */
export interface TransportHost {
  readonly logger: () => Logger;
  /** Something was published to a Redis channel that is listened to. */
  message(channel: string, payload: Buffer): void;
  /** See `RelayHost`. */
  deaf(partitions: readonly number[], since: number): void;
  hearing(partitions: readonly number[], since: number): void;
}

/**
 * Connections to Redis, to one server or to a Cluster: for commands one, and for listening one to each server. It knows
 * nothing of what the scripts do. Every name of a key and of a channel is made with {@link name}, which puts it into
 * its partition: all names of a partition are in one slot.
 */
export interface RedisTransport {
  readonly partitions: number;
  name(partition: number, text: string): string;
  /** The text that {@link name} was given, and the partition. */
  textOf(name: string): { readonly partition: number; readonly text: string };
  /** How a script publishes: `PUBLISH`, in a Cluster `SPUBLISH`. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH';

  /**
   * Runs a script, by its SHA. Calls of one partition reach Redis in their order. It settles within the `timeoutMs` of
   * the transport.
   * @param parameters bytes of a Uint8Array go as they are; they MUST NOT change before the call has settled
   * @throws DeliveryError `rejected` when it did not run, `unknown` when nobody knows
   */
  run(
    partition: number,
    script: Script,
    keys: readonly string[],
    parameters: readonly (string | Uint8Array)[],
  ): Promise<unknown>;

  /** Resolves when Redis has confirmed it. Channels by {@link name}, of one partition. */
  subscribe(partition: number, channels: readonly string[]): Promise<void>;
  unsubscribe(partition: number, channels: readonly string[]): Promise<void>;

  close(): Promise<void>;
}
