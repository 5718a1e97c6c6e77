import type { Recorded } from './record.ts';
import { grouped, median } from './statistics.ts';

// The table of docs/scaling.md: what so many pages need, computed from what was measured of one node and of one Redis.

/** What each page is taken to do. docs/scaling.md says it in words. */
const load = {
  /** Channels of a page: one of its own, and others that it shares with so many pages. */
  sharedChannels: 2,
  pagesOfSharedChannel: 1000,
  /** Events that a page gets in a second, of each kind. */
  ownEvents: 1 / 60,
  sharedEvents: 1 / 60,
  /** How long a page is open, in seconds. */
  visit: 600,
};

/** A node has no more, so that those of a node that dies are soon back on others. */
const MAX_CONNECTIONS = 50_000;
/** Part of a core that a node, and a Redis, is to use: the rest is for what comes at once. */
const BUSY = 0.5;
/** Bytes of Redis for a channel with subscribers on one node, by its INFO: measured with 10 000 channels. */
const REDIS_BYTES_OF_CHANNEL = 700;
/** CPU seconds of Redis as short runs had them: for an event by two nodes, and for a page that comes or goes. */
const ESTIMATED = { redisEvent: 90e-6, redisChange: 100e-6 };
/** What handing an event to one more node costs Redis: the published 650 000 messages a second. */
const REDIS_HANDED_OUT = 1 / 650_000;

export const SIZES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000] as const;

/** The figures that the table is made of, in bytes and in seconds of CPU time. */
export interface Figures {
  readonly process: number;
  readonly connection: number;
  readonly subscription: number;
  /** A delivery to the one subscriber of a channel, and to one of many. */
  readonly ownDelivery: number;
  readonly sharedDelivery: number;
  readonly redisEvent: number;
  readonly redisChange: number;
  /** Whether the last two were measured. */
  readonly isRedisMeasured: boolean;
}

/** @throws Error when the results lack a figure of one node */
export function figuresOf(recorded: Recorded): Figures {
  /** The median of what we measured. */
  const find = (benchmark: string, what: string): number | undefined => {
    const line = recorded[benchmark]?.results.find((result) => result.what === what);
    return line && median(line.measured?.ours ?? line.rounds);
  };
  const known = (benchmark: string, what: string): number => {
    const figure = find(benchmark, what);
    if (figure === undefined) throw new Error(`The results have no "${what}" of the benchmark "${benchmark}".`);
    return figure;
  };
  const event = find('relay-fan-out', 'one event a tick: Redis, for an event');
  const join = find('relay-presence', 'in turn: Redis, for a join');
  const viaRelay = find('relay-fan-out', 'one event a tick');
  const toOne = find('relay-cost', 'an event to one client');
  return {
    process: known('start-up', 'RSS when it listens') * 1e6,
    connection: known('idle-memory', 'resident memory'),
    subscription: known('subscription-memory', 'one subscription'),
    ownDelivery: toOne === undefined ? 1 / known('rooms', '10 000 channels') : toOne / 1e6,
    sharedDelivery: 1 / (viaRelay ?? known('fan-out', '100 B, one event a tick')),
    redisEvent: event === undefined ? ESTIMATED.redisEvent : event / 1e6,
    redisChange: join === undefined ? ESTIMATED.redisChange : join / 1e6,
    isRedisMeasured: event !== undefined && join !== undefined,
  };
}

/** What so many pages need. */
export interface Size {
  readonly connections: number;
  readonly nodes: number;
  /** Memory of a node, in bytes. */
  readonly nodeBytes: number;
  /** Per second, of all nodes. */
  readonly deliveries: number;
  /** Events that reach Redis in a second. */
  readonly events: number;
  /** Redis servers; 0 for a single node, which needs none. */
  readonly redis: number;
  /** Memory of all of them, in bytes. */
  readonly redisBytes: number;
}

export function sizeFor(connections: number, figures: Figures): Size {
  const own = connections * load.ownEvents;
  const shared = connections * load.sharedEvents;
  const cores = own * figures.ownDelivery + shared * figures.sharedDelivery;
  const needed = Math.max(Math.ceil(connections / MAX_CONNECTIONS), Math.ceil(cores / BUSY));
  // One more, so that the others can do without any of them.
  const nodes = needed === 1 && connections <= MAX_CONNECTIONS / 2 ? 1 : needed + 1;
  const sharedEvents = shared / load.pagesOfSharedChannel;
  const handedOut = Math.min(nodes, load.pagesOfSharedChannel);
  const redisCores =
    (own + sharedEvents) * figures.redisEvent +
    sharedEvents * handedOut * REDIS_HANDED_OUT +
    ((2 * connections) / load.visit) * figures.redisChange;
  const channels = connections + (connections / load.pagesOfSharedChannel) * load.sharedChannels * handedOut;
  const page = figures.connection + load.sharedChannels * figures.subscription;
  return {
    connections,
    nodes,
    nodeBytes: figures.process + Math.ceil(connections / Math.max(1, nodes - 1)) * page,
    deliveries: own + shared,
    events: own + sharedEvents,
    redis: nodes === 1 ? 0 : Math.ceil(redisCores / BUSY),
    redisBytes: nodes === 1 ? 0 : channels * REDIS_BYTES_OF_CHANNEL,
  };
}

/** The part of docs/scaling.md that is made of a file of results. */
export function sizesSection(recorded: Recorded): string {
  const figures = figuresOf(recorded);
  const rows = SIZES.map((connections) => {
    const size = sizeFor(connections, figures);
    return [
      grouped(connections),
      grouped(size.nodes),
      bytes(size.nodeBytes),
      grouped(rounded(size.deliveries)),
      grouped(rounded(size.events)),
      size.redis === 0 ? 'none' : size.redis === 1 ? 'one' : `a Cluster of ${Math.max(3, size.redis)} masters`,
      size.redis === 0 ? '' : bytes(size.redisBytes),
    ];
  });
  const head = ['pages', 'nodes', 'memory of a node', 'deliveries a second', 'events a second', 'Redis', 'its memory'];
  const table = [head, head.map(() => '---:'), ...rows].map((row) => `| ${row.join(' | ')} |`.replaceAll('  ', ' '));
  const micro = (seconds: number): string => `${rounded(seconds * 1e6)} µs`;
  const redis = `Redis's CPU time is ${figures.isRedisMeasured ? 'measured' : '**estimated**'}: ${micro(figures.redisEvent)} for an event, and ${micro(figures.redisChange)} when a page comes or goes. So one Redis that uses half a core takes ${grouped(rounded(BUSY / figures.redisEvent))} events a second that come one by one; those that come together take it less.`;
  return [...table, '', redis].join('\n');
}

/** With two digits. */
function rounded(count: number): number {
  return Number(count.toPrecision(2));
}

/** Two digits, in the unit that suits. */
function bytes(count: number): string {
  return count < 1e9 ? `${rounded(count / 1e6)} MB` : `${rounded(count / 1e9)} GB`;
}
