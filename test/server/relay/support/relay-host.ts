import { expect, vi } from 'vitest';
import type { Script, TransportHost } from '../../../../src/server/relay/redis/transport.js';
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
