import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { defaultLogger } from '../../../src/core/logger.js';
import { createPushService, PushServiceWrapper, type SharedMemory, type WebhookEvent } from '../../../src/index.js';
import type { RelayConnection, RelayHost } from '../../../src/server/relay/relay.js';
import { relayOfText } from '../../../src/server/relay/relay-of-text.js';
import type { WebhookRequest } from '../../../src/webhooks/source.js';
import { findRedis } from '../../support/redis.js';
import { withRedis } from '../../support/with-redis.js';

const host: RelayHost = {
  logger: () => defaultLogger,
  message: () => undefined,
  changed: () => undefined,
  deaf: () => undefined,
  hearing: () => undefined,
};

/** Believes what it is sent: a list of events. */
class TrustingBackend extends PushServiceWrapper {
  readonly #memory: SharedMemory;

  constructor(memory: SharedMemory) {
    super();
    this.#memory = memory;
  }

  protected override async sendData(): Promise<void> {}

  override get sharedMemory(): SharedMemory {
    return this.#memory;
  }

  override parseWebhook({ rawBody }: WebhookRequest): readonly WebhookEvent[] {
    return JSON.parse(Buffer.from(rawBody).toString()) as WebhookEvent[];
  }
}

await withRedis('a relay that a text names', findRedis, ({ url }) => {
  async function connect(prefix: string): Promise<RelayConnection> {
    const connection = await relayOfText(`${url}?prefix=${encodeURIComponent(prefix)}`).connect(host);
    onTestFinished(() => connection.close());
    return connection;
  }

  it('keeps all its keys behind the prefix in the address', async () => {
    const prefix = `test:${randomUUID()}:`;
    const connection = await connect(prefix);
    const client = new Redis(url);
    onTestFinished(() => client.disconnect());
    expect([await connection.isFirst('a', 60_000), await connection.isFirst('a', 60_000)]).toEqual([true, false]);
    const keys: string[] = [];
    for await (const page of client.scanStream({ match: `${prefix}*`, count: 1000 })) keys.push(...(page as string[]));
    expect(keys.length).toBe(1);
    await connection.forget('a');
    expect(await client.exists(...keys)).toBe(0);
  });

  it('lets two processes handle each event of a webhook once, whichever gets it first', async () => {
    const prefix = `test:${randomUUID()}:`;
    const processes = await Promise.all(
      [1, 2].map(async () => {
        const push = createPushService({ backend: new TrustingBackend(await connect(prefix)) });
        onTestFinished(() => push.close());
        return push;
      }),
    );
    const ids = Array.from({ length: 20 }, (_, number) => String(number));
    const handled: string[] = [];
    const handle = async ({ id }: WebhookEvent): Promise<void> => {
      await Promise.resolve();
      handled.push(id);
    };
    const taken = await Promise.all(
      ids.flatMap((id) =>
        processes.map(async (push) => {
          const event = { id, type: 'channelOccupied', channel: id, backend: 'trusting', time: 0 };
          return push.webhook({ headers: {}, rawBody: JSON.stringify([event]) }, handle);
        }),
      ),
    );
    const inOrder = (given: readonly string[]): readonly string[] => given.toSorted((a, b) => Number(a) - Number(b));
    expect(inOrder(handled)).toEqual(ids);
    expect(inOrder(taken.flat().map(({ id }) => id))).toEqual(ids);
  });
});
