import { expect, onTestFinished, test, vi } from 'vitest';
import type { Link } from '../../../src/server/relay/redis/link.js';
import { RedisServer } from '../../../src/server/relay/redis/redis-server.js';
import { Subscriptions } from '../../../src/server/relay/redis/subscriptions.js';
import { RecordingLogger } from '../../support/recording-logger.js';

/** A connection on which everything works, and which confirms channels when the test says so. */
class OpenLink implements Link {
  readonly asked: string[] = [];
  readonly confirmed: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #ended = Promise.withResolvers<Error>();
  readonly closed: Promise<Error> = this.#ended.promise;
  isOpen = true;

  async send(): Promise<unknown> {
    return 'OK';
  }

  subscribe(channels: readonly string[]): Promise<void> {
    this.asked.push(...channels);
    return this.confirmed.promise;
  }

  async unsubscribe(): Promise<void> {}

  destroy(reason: Error = new Error('ended')): void {
    this.isOpen = false;
    this.#ended.resolve(reason);
  }
}

test('a partition that is assigned while a connection is looked at is taken up once, and then heard', async () => {
  const links: OpenLink[] = [];
  const sound = Promise.withResolvers<boolean>();
  const isSound = vi.fn(() => sound.promise);
  const heard: (readonly number[])[] = [];
  const logger = new RecordingLogger();
  const server = new RedisServer({
    logger: () => logger,
    label: 'Redis',
    dial: async () => {
      const link = new OpenLink();
      links.push(link);
      return link;
    },
    check: async () => {},
    isSound,
    message: () => {},
    moved: () => {},
    deaf: () => {},
    hearing: (partitions) => heard.push(partitions),
    failed: () => {},
  });
  onTestFinished(() => server.close());
  const subscriptions = new Subscriptions(() => {});
  void subscriptions.add(['news', 'sport']);
  await vi.waitFor(() => expect(isSound).toHaveBeenCalled(), { interval: 1 });
  await vi.waitFor(() => expect(links).toHaveLength(2), { interval: 1 });
  void server.assign([{ partition: 3, subscriptions }]);
  sound.resolve(true);
  await vi.waitFor(() => expect(links.flatMap(({ asked }) => asked)).toEqual(['news', 'sport']), { interval: 1 });
  expect(heard).toEqual([]);
  for (const { confirmed } of links) confirmed.resolve();
  await vi.waitFor(() => expect(heard).toEqual([[3]]), { interval: 1 });
  expect(links.flatMap(({ asked }) => asked)).toEqual(['news', 'sport']);
});
