import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import Pusher from 'pusher';
import { WebSocket } from 'ws';
import type { LivingNode, TestCluster } from './cluster.ts';
import type { Crowd } from './crowd.ts';
import { grantFor } from './grant.ts';
import { credentials, type Present } from './record.ts';

/** How long all may take to know who is there, in milliseconds: the lease of a node that has died, and time to connect. */
const SETTLED_MS = 60_000;
const ANSWER_MS = 10_000;
/** Who looks at a presence channel is on its list. */
const WATCHER = 'the watcher';

/**
 * Waits until all nodes and clients know who is there.
 * @returns what still differs after a minute
 */
export async function whenSettled(cluster: TestCluster, crowd: Crowd, presence: readonly string[]): Promise<string[]> {
  for (const end = Date.now() + SETTLED_MS; ; ) {
    const problems = await unsettled(cluster, crowd, presence);
    if (problems.length === 0 || Date.now() > end) return problems;
    await pause(500);
  }
}

/** What nodes or clients do not know as it is, in words. */
export async function unsettled(cluster: TestCluster, crowd: Crowd, presence: readonly string[]): Promise<string[]> {
  const present = await crowd.present();
  const problems: string[] = [];
  for (const { client, channel, members } of present.lists)
    differ(
      problems,
      `${client}, as told of it, has the members of ${channel}`,
      members.filter((id) => id !== WATCHER),
      usersOf(present, channel),
    );
  if (problems.length > 0) return problems;
  for (const node of cluster.nodes)
    try {
      await compareCounts(node, present, problems);
    } catch (error) {
      problems.push(`${node.name} does not answer: ${error}`);
    }
  // Afterwards, because whoever looks at a list is counted.
  for (const node of cluster.nodes)
    try {
      for (const channel of presence) await compareUsers(node, channel, usersOf(present, channel), problems);
    } catch (error) {
      problems.push(`${node.name} does not answer: ${error}`);
    }
  return problems;
}

function usersOf(present: Present, channel: string): readonly string[] {
  return present.channels[channel]?.users ?? [];
}

function differ(problems: string[], what: string, found: readonly string[], expected: readonly string[]): void {
  const missing = expected.filter((one) => !found.includes(one));
  const extra = found.filter((one) => !expected.includes(one));
  if (missing.length + extra.length > 0 || found.length !== expected.length)
    problems.push(`${what}: without ${missing.join(' ') || 'none'}, with ${extra.join(' ') || 'none'} too many`);
}

/** Asks over the HTTP API of a node. */
async function compareCounts(node: LivingNode, present: Present, problems: string[]): Promise<void> {
  const channels = (await ask(node, '/channels', { info: 'subscription_count' })) as {
    readonly channels: Readonly<Record<string, { readonly subscription_count: number }>>;
  };
  const found = Object.entries(channels.channels).map(([name, one]) => `${name}:${one.subscription_count}`);
  const expected = Object.entries(present.channels).map(([name, { subscribers }]) => `${name}:${subscribers}`);
  differ(problems, `${node.name} counts subscribers`, found, expected);
}

async function compareUsers(
  node: LivingNode,
  channel: string,
  expected: readonly string[],
  problems: string[],
): Promise<void> {
  const { users } = (await ask(node, `/channels/${channel}/users`)) as { users: readonly { readonly id: string }[] };
  differ(
    problems,
    `${node.name} over HTTP has the users of ${channel}`,
    users.map(({ id }) => id).filter((id) => id !== WATCHER),
    expected,
  );
  const list = await freshList(node, channel);
  differ(problems, `${node.name} tells a new subscriber of ${channel}`, list, expected);
}

async function ask(node: LivingNode, path: string, params: Record<string, string> = {}): Promise<unknown> {
  const { appId, pubKey: key, secretKey: secret } = credentials;
  const pusher = new Pusher({ appId, key, secret, host: '127.0.0.1', port: String(node.port), timeout: ANSWER_MS });
  return (await pusher.get({ path, params })).json();
}

/** The list that a new subscriber gets, without himself. */
async function freshList(node: LivingNode, channel: string): Promise<readonly string[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${node.port}/app/${credentials.pubKey}?protocol=7`);
  const list = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(() => list.reject(new Error(`no list of ${channel}`)), ANSWER_MS);
  socket.on('error', list.reject);
  socket.on('message', (text) => {
    const { event, data } = JSON.parse(String(text)) as { readonly event: string; readonly data: string };
    if (event === 'pusher:connection_established') {
      const { socket_id: socketId } = JSON.parse(data) as { readonly socket_id: string };
      const grant = grantFor(socketId, channel, WATCHER);
      socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, ...grant } }));
    } else if (event === 'pusher_internal:subscription_succeeded') {
      const { presence } = JSON.parse(data) as { readonly presence: { readonly ids: readonly string[] } };
      list.resolve(presence.ids);
    }
  });
  try {
    return (await list.promise).filter((id) => id !== WATCHER);
  } finally {
    clearTimeout(timer);
    socket.terminate();
  }
}

/** Keys that would stay in Redis for ever. */
export async function keysWithoutExpiry(url: string): Promise<string[]> {
  const redis = new Redis(url);
  try {
    const found: string[] = [];
    for await (const keys of redis.scanStream() as AsyncIterable<string[]>)
      for (const key of keys) if ((await redis.pttl(key)) === -1) found.push(`The key ${key} has no expiry.`);
    return found;
  } finally {
    redis.disconnect();
  }
}
