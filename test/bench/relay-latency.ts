import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import type { RedisLibrary } from './processes/node-commands.ts';
import { ServedNodes } from './relay-nodes.ts';
import { compared, inTurns } from './rounds.ts';
import { median, summary } from './statistics.ts';

const EVENTS = { full: 200, quick: 50 };
/** Between an event that was accepted and the next one, in milliseconds. */
const PAUSE_MS = 5;
const DATA_BYTES = 100;
const libraries: readonly RedisLibrary[] = ['ioredis', 'redis'];

/** Milliseconds from `send` on the first node until the client of the second one has the event: the median. */
async function delayMs({ nodes, clients: [client] }: ServedNodes, form: Form): Promise<number> {
  const events = EVENTS[form];
  await client?.ask('noteArrivals', events);
  const sent = await nodes.first.ask('publishApart', { events, pauseMs: PAUSE_MS, dataBytes: DATA_BYTES });
  const arrivals = (await client?.ask('arrivals')) ?? [];
  return median(Array.from(arrivals, (arrival, event) => arrival - (sent.at[event] ?? Number.NaN)));
}

async function compare(library: RedisLibrary, progress: Progress, form: Form): Promise<Result> {
  await using pushrail = await ServedNodes.open('relay-pushrail', 'channels', [0, 1], { library });
  await using bare = await ServedNodes.open('relay-bare', 'bare', [0, 1], { library });
  const figures = await inTurns(form, { pushrail: () => delayMs(pushrail, form), bare: () => delayMs(bare, form) });
  for (const [name, values] of Object.entries(figures)) progress(`${library}: ${name} ${summary(values)} ms`);
  return compared(`package ${library}`, {
    unit: 'ms',
    ours: figures.pushrail,
    peer: figures.bare,
    peerName: 'PUBLISH, SUBSCRIBE and ws',
    target: { atMost: 1.3 },
  });
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const results: Result[] = [];
  for (const library of libraries) results.push(await compare(library, progress, form));
  return results;
}

export const relayLatency: Benchmark = {
  name: 'relay-latency',
  question: 'How long does an event take from one node to a page of another?',
  about: () => 'from `send` on one node until a client of the other has the event, 100 B, the median of single events',
  run,
};
