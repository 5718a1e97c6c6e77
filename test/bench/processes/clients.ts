import { type DialectName, dialects } from '../wire/dialects.ts';
import { LightClient } from '../wire/light-client.ts';
import { answer } from './answer.ts';
import { type RoomShare, roomsOf } from './room-commands.ts';
import { sharedClock } from './usage.ts';

/** Connections being opened at once: fewer than the server's backlog holds. */
const OPENING_AT_ONCE = 100;
/** Longest wait for connections or events, in milliseconds. */
const PATIENCE_MS = 60_000;

/** A process full of light clients. */
export interface ClientCommands {
  /** Opens connections and returns when all of them would get events. */
  connect(to: { port: number; dialect: DialectName; count: number }): Promise<void>;
  /** Subscribes the clients to their rooms. */
  subscribe(share: RoomShare): Promise<void>;
  /** Waits until each client has got this many events since the last call, and throws when one has not, or has got more. */
  receive(eventsEach: number): Promise<void>;
  /** Lets all clients leave, and returns when the server has closed their connections. */
  leave(): Promise<void>;
  /** Notes when each event arrives at each client, from now on. */
  noteArrivals(eventsEach: number): void;
  /** Waits as `receive` does, and tells how late the events were that were due at even intervals. */
  delays(due: { startsAt: number; everyMs: number }): Promise<Delays>;
  /** Waits as `receive` does, and returns when each delivery arrived, by the shared clock, the earliest first. */
  arrivals(): Promise<Float64Array>;
  /** What the clients have got since they were connected, in bytes. */
  bytes(): number;
}

/** How long after the time when they were due events arrived, in milliseconds. */
export interface Delays {
  readonly p50: number;
  readonly p99: number;
}

interface Arrivals {
  readonly times: Float64Array;
  readonly events: Uint32Array;
}

const clients: LightClient[] = [];
let received = 0;
let expected = Number.POSITIVE_INFINITY;
let whenReceived: (() => void) | undefined;
/** When each delivery arrived, by the shared clock, and the number of its event. */
let arrivals: Arrivals | undefined;

function onEvent(client: LightClient): void {
  if (arrivals !== undefined) {
    arrivals.times[received] = sharedClock();
    arrivals.events[received] = client.events;
  }
  received++;
  if (received >= expected) whenReceived?.();
}

async function inTime(work: Promise<unknown>, otherwise: () => string): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Within ${PATIENCE_MS} ms ${otherwise()}.`)), PATIENCE_MS);
  await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

function checkDeliveries(eventsEach: number): void {
  for (const client of clients) {
    if (client.lost !== undefined) throw new Error(`A client lost its connection: ${client.lost}.`);
    if (client.events !== eventsEach) throw new Error(`A client got ${client.events} of ${eventsEach} events.`);
    client.events = 0;
  }
}

async function receive(eventsEach: number): Promise<void> {
  expected = eventsEach * clients.length;
  const everything = new Promise<void>((resolve) => {
    // Whatever else has arrived in the same turn is read before the count is checked.
    whenReceived = () => void setImmediate(resolve);
    if (received >= expected) whenReceived();
  });
  await inTime(everything, () => `only ${received} of ${expected} deliveries arrived`);
  whenReceived = undefined;
  received -= expected;
  expected = Number.POSITIVE_INFINITY;
  checkDeliveries(eventsEach);
}

/** Waits for all deliveries whose arrivals are noted. */
async function noted(): Promise<Arrivals> {
  if (arrivals === undefined) throw new Error('noteArrivals comes first');
  const found = arrivals;
  await receive(found.times.length / clients.length);
  arrivals = undefined;
  return found;
}

answer<ClientCommands>({
  async connect({ port, dialect, count }) {
    for (let opened = 0; opened < count; opened += OPENING_AT_ONCE) {
      const batch = Array.from(
        { length: Math.min(OPENING_AT_ONCE, count - opened) },
        () => new LightClient(port, dialects[dialect], onEvent),
      );
      clients.push(...batch);
      await inTime(
        Promise.all(batch.map((client) => client.ready)),
        () => `fewer than ${opened + batch.length} clients were let in`,
      );
    }
  },
  async subscribe(share) {
    const all = clients.map((client, index) => client.subscribe(roomsOf(index, share)));
    await inTime(Promise.all(all), () => 'not all subscriptions were confirmed');
  },
  receive,
  noteArrivals(eventsEach) {
    const deliveries = eventsEach * clients.length;
    arrivals = { times: new Float64Array(deliveries), events: new Uint32Array(deliveries) };
  },
  async delays({ startsAt, everyMs }) {
    const { times, events } = await noted();
    const delays = times.map((time, delivery) => time - startsAt - (events[delivery] ?? 0) * everyMs).sort();
    const [p50 = 0, p99 = 0] = [0.5, 0.99].map((part) => delays[Math.floor(part * delays.length)]);
    return { p50, p99 };
  },
  arrivals: async () => (await noted()).times,
  bytes: () => clients.reduce((sum, { bytes }) => sum + bytes, 0),
  async leave() {
    const leaving = clients.splice(0).map((client) => client.leave());
    await inTime(Promise.all(leaving), () => 'the server did not close all connections');
  },
});
