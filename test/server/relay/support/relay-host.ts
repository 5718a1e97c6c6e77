import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, vi } from 'vitest';
import { openTransport, type TransportOptions } from '../../../../src/server/relay/redis/open-transport.js';
import type { RedisRelayClient } from '../../../../src/server/relay/redis/source.js';
import type { RedisTransport, Script, TransportHost } from '../../../../src/server/relay/redis/transport.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

/** A script that publishes. Keys: the channel. Parameters: the command and the payload. */
export const publishing: Script = {
  name: 'publish',
  text: 'return redis.call(ARGV[1], KEYS[1], ARGV[2])',
};

/** Keeps what a transport tells. */
export class RecordingHost implements TransportHost {
  readonly log: RecordingLogger = new RecordingLogger();
  readonly messages: { readonly channel: string; readonly payload: Buffer }[] = [];
  readonly spans: { readonly partitions: readonly number[]; readonly since: number; readonly until: number }[] = [];
  readonly deafCalls: { readonly partitions: readonly number[]; readonly since: number }[] = [];

  logger(): RecordingLogger {
    return this.log;
  }

  message(channel: string, payload: Buffer): void {
    this.messages.push({ channel, payload });
  }

  deaf(partitions: readonly number[], since: number): void {
    this.deafCalls.push({ partitions, since });
  }

  hearing(partitions: readonly number[], since: number): void {
    this.spans.push({ partitions, since, until: Date.now() });
  }

  texts(channel: string): string[] {
    return this.messages.filter((message) => message.channel === channel).map(({ payload }) => payload.toString());
  }

  /** Whether every partition that it was deaf to is heard again. */
  get isHearing(): boolean {
    const count = (calls: readonly { readonly partitions: readonly number[] }[]): number =>
      calls.reduce((sum, { partitions }) => sum + partitions.length, 0);
    return count(this.deafCalls) === count(this.spans);
  }

  async untilHeard(channel: string, texts: readonly string[]): Promise<void> {
    await vi.waitFor(() => expect(this.texts(channel)).toEqual(texts), { timeout: 10_000, interval: 5 });
  }
}

/** A script that writes. Keys: the key. Parameters: the value. */
export const writing: Script = {
  name: 'write',
  text: "redis.call('SET', KEYS[1], ARGV[1], 'PX', 60000) return 'done'",
};

/** A script that appends. Keys: the list. Parameters: what is appended. */
export const appending: Script = {
  name: 'append',
  text: "redis.call('PEXPIRE', KEYS[1], 60000) return redis.call('RPUSH', KEYS[1], ARGV[1])",
};

/** A transport with what it tells, which is closed when the test ends. */
export interface OpenedTransport {
  readonly host: RecordingHost;
  readonly transport: RedisTransport;
  publish(channel: string, text: string): Promise<unknown>;
}

export async function opened(
  redis: RedisRelayClient | string,
  options: TransportOptions = {},
): Promise<OpenedTransport> {
  const host = new RecordingHost();
  const transport = await openTransport(redis, host, { prefix: `test-${randomUUID()}:`, ...options });
  onTestFinished(() => transport.close());
  return {
    host,
    transport,
    publish: (channel, text) =>
      transport.run(transport.textOf(channel).partition, publishing, [channel], [transport.publishCommand, text]),
  };
}
