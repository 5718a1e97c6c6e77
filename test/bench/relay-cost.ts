import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { ServedNodes } from './relay-nodes.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, median, summary } from './statistics.ts';

const CONNECTIONS = { full: 1000, quick: 100 };
/** Single events to one client. */
const SINGLE = { full: 200, quick: 50 };
/** Between an event that was accepted and the next one, in milliseconds. */
const PAUSE_MS = 5;
/** Events to one client that follow each other. */
const FOLLOWING = { full: 5000, quick: 500 };
/** Events to all clients. */
const EVENTS = 200;
const DATA_BYTES = 100;

/** The medians of single events, in milliseconds. */
interface Delays {
  /** Until `send` says that the event is accepted. */
  readonly accepted: number;
  /** Until the client has it. */
  readonly arrived: number;
}

async function delays({ nodes, clients: [client] }: ServedNodes, form: Form): Promise<Delays> {
  const events = SINGLE[form];
  await client?.ask('noteArrivals', events);
  const sent = await nodes.first.ask('publishApart', { events, pauseMs: PAUSE_MS, dataBytes: DATA_BYTES });
  const arrivals = (await client?.ask('arrivals')) ?? new Float64Array();
  const since = (times: Float64Array): number =>
    median(Array.from(times, (time, event) => time - (sent.at[event] ?? 0)));
  return { accepted: since(sent.acceptedAt), arrived: since(arrivals) };
}

/** CPU time of the node for one event, each in a tick of its own, in seconds. */
async function cpuSecondsOfEvent(served: ServedNodes, events: number): Promise<number> {
  const burst = { ticks: events, eventsPerTick: 1, dataBytes: DATA_BYTES };
  const { nodes } = await served.nodes.cpuSecondsOf(() =>
    served.deliver(events, () => served.nodes.first.ask('publish', burst)),
  );
  return nodes / events;
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  const open = (connections: number, isJoined: boolean): Promise<ServedNodes> =>
    ServedNodes.open('relay-pushrail', 'channels', [connections], { count: 1, isJoined });
  await using relay = await open(1, true);
  await using alone = await open(1, false);
  const peerName = 'without a relay';
  const late = await inTurns(form, { relay: () => delays(relay, form), alone: () => delays(alone, form) });
  const lines: Result[] = (['accepted', 'arrived'] as const).map((part) =>
    compared(part === 'accepted' ? 'until it is accepted' : 'until one client has it', {
      unit: 'ms',
      ours: late.relay.map((figure) => figure[part]),
      peer: late.alone.map((figure) => figure[part]),
      peerName,
    }),
  );
  const cpu = async (what: string, events: number, one: ServedNodes, other: ServedNodes): Promise<void> => {
    const figures = await inTurns(form, {
      relay: () => cpuSecondsOfEvent(one, events),
      alone: () => cpuSecondsOfEvent(other, events),
    });
    progress(`${what}: ${summary(figures.relay)} and ${summary(figures.alone)} s of CPU an event`);
    lines.push(compared(what, { unit: 'µs of CPU', ours: figures.relay, peer: figures.alone, peerName, scale: 1e6 }));
  };
  await cpu('an event to one client', FOLLOWING[form], relay, alone);
  await using manyByRelay = await open(CONNECTIONS[form], true);
  await using manyAlone = await open(CONNECTIONS[form], false);
  await cpu(`an event to ${grouped(CONNECTIONS[form])} clients`, EVENTS, manyByRelay, manyAlone);
  return lines;
}

export const relayCost: Benchmark = {
  name: 'relay-cost',
  question: 'What does the way through Redis cost on one node?',
  about: () => 'events of 100 B on one node with a relay, and on one without',
  run,
};
