import { onTestFinished } from 'vitest';
import { type LivingNode, TestCluster } from '../chaos/cluster.js';
import { grantFor } from '../chaos/grant.js';
import { credentials, type Period } from '../chaos/record.js';
import { Client } from '../server/support/client.js';

/** Who looks at the list, of whom nobody is told. */
const WATCHER = 'watcher';

/** The presence channel of all members. */
export const channel: string = 'presence-room';

/** Nodes in processes of their own, which end with the test. */
export async function clusterOf(...parameters: Parameters<typeof TestCluster.start>): Promise<TestCluster> {
  const cluster = await TestCluster.start(...parameters);
  onTestFinished(() => cluster.close());
  return cluster;
}

/** A member of the channel on a node, whose subscription is kept as a record. */
export class Member {
  readonly client: Client;
  readonly user: string;
  readonly list: readonly string[];
  readonly from: number = Date.now();

  private constructor(client: Client, user: string, list: readonly string[]) {
    this.client = client;
    this.user = user;
    this.list = list;
  }

  static async on(node: LivingNode, user: string): Promise<Member> {
    const url = `ws://127.0.0.1:${node.port}/app/${credentials.pubKey}?protocol=7`;
    const client = await Client.connect({ address: undefined }, { url });
    const { presence } = (await client.subscribe(channel, grantFor(client.socketId, channel, user))) as {
      presence: { ids: string[] };
    };
    onTestFinished(() => client.socket.terminate());
    return new Member(client, user, presence.ids.toSorted());
  }

  /** What it was told of others, in its order. */
  get news(): readonly string[] {
    return this.client.received
      .filter(({ event }) => event.startsWith('pusher_internal:member_'))
      .map((message) => `${message.event.slice(23)} ${this.client.dataOf(message)['user_id']}`)
      .filter((text) => !text.endsWith(WATCHER));
  }

  get numbers(): string[] {
    return this.client.received
      .filter(({ event }) => event === 'n')
      .map((message) => String(this.client.dataOf(message)['id']));
  }

  get period(): Period {
    const { user, from, numbers: received } = this;
    return { client: user, user, channel, socketId: this.client.socketId, from, received, times: [], faults: [] };
  }
}

/** The members of the channel, as a new one is told of them, without himself. */
export async function listOn(node: LivingNode): Promise<readonly string[]> {
  const watcher = await Member.on(node, WATCHER);
  await watcher.client.close();
  return watcher.list.filter((user) => user !== WATCHER);
}
