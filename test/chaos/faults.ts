import { setTimeout as pause } from 'node:timers/promises';
import type { LivingNode, Place, TestCluster } from './cluster.ts';
import type { Seeded } from './random.ts';

/** How long each fault lasts, in milliseconds. */
interface Lengths {
  readonly dead: readonly [number, number];
  readonly stopped: readonly [number, number];
  readonly away: readonly [number, number];
  readonly cut: readonly [number, number];
}

/** A node that is stopped for longer than 15 s is dead to the others. */
export const lengths: Readonly<Record<'short' | 'long', Lengths>> = {
  short: { dead: [0, 1000], stopped: [17_000, 17_000], away: [500, 1500], cut: [8000, 9000] },
  long: { dead: [0, 20_000], stopped: [20_000, 20_000], away: [0, 20_000], cut: [1000, 25_000] },
};

type Fault = (cluster: TestCluster, random: Seeded, long: Lengths) => Promise<string>;

function anyPlace(cluster: TestCluster, random: Seeded): Place & { readonly node: LivingNode } {
  const place = cluster.places[random.below(cluster.places.length)];
  const node = place?.lives.at(-1);
  if (place === undefined || node === undefined) throw new Error('The cluster has no nodes.');
  return { ...place, lives: place.lives, node };
}

async function killed(cluster: TestCluster, random: Seeded, { dead }: Lengths): Promise<string> {
  const place = anyPlace(cluster, random);
  const { node } = place;
  await node.kill();
  await pause(random.between(...dead));
  await cluster.bringUp(place);
  return `kill -9 of ${node.name}`;
}

async function twoKilled(cluster: TestCluster, random: Seeded, { dead }: Lengths): Promise<string> {
  const places = random.shuffled(cluster.places).slice(0, 2);
  const names = places.map(({ lives }) => lives.at(-1)?.name);
  await Promise.all(places.map(({ lives }) => lives.at(-1)?.kill()));
  await pause(random.between(...dead));
  for (const place of places) await cluster.bringUp(place);
  return `kill -9 of ${names.join(' and ')}`;
}

async function stopped(cluster: TestCluster, random: Seeded, { stopped: time }: Lengths): Promise<string> {
  const { node } = anyPlace(cluster, random);
  node.stop();
  await pause(random.between(...time));
  node.goOn();
  return `SIGSTOP of ${node.name}`;
}

async function redisRestarted(cluster: TestCluster, random: Seeded, { away }: Lengths): Promise<string> {
  await cluster.restartRedis(() => pause(random.between(...away)));
  return 'Redis restarted, which has lost everything';
}

async function allCutOff(cluster: TestCluster, random: Seeded, { cut }: Lengths): Promise<string> {
  for (const { proxy } of cluster.places) proxy.swallow();
  await pause(random.between(...cut));
  for (const { proxy } of cluster.places) proxy.heal();
  return 'Redis cut off: what is sent to it is swallowed';
}

async function oneCutOff(cluster: TestCluster, random: Seeded, { cut }: Lengths): Promise<string> {
  const { node, proxy } = anyPlace(cluster, random);
  proxy.swallow();
  await pause(random.between(...cut));
  proxy.heal();
  return `${node.name} cut off from Redis alone`;
}

async function broken(cluster: TestCluster): Promise<string> {
  for (const { proxy } of cluster.places) proxy.cut();
  return 'all connections to Redis broken';
}

export const faults: { readonly short: readonly Fault[]; readonly long: readonly Fault[] } = {
  short: [killed, stopped, redisRestarted, allCutOff, oneCutOff],
  long: [killed, stopped, redisRestarted, allCutOff, oneCutOff, broken, twoKilled],
};
