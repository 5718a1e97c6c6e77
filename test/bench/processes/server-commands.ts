import { setImmediate as nextTick, setTimeout as wait } from 'node:timers/promises';
import { answer } from './answer.ts';
import { cpuSeconds as cpuSecondsHere, type Memory, memoryInUse, sharedClock } from './usage.ts';

/** The channel, or room, that all clients are in. */
export const CHANNEL = 'bench';
/** The name of the events. */
export const EVENT = 'bench';

/** Data whose JSON has a given size. */
export interface EventData {
  readonly text: string;
}

/** @param bytes of the data as JSON */
export function eventData(bytes: number): EventData {
  return { text: 'x'.repeat(bytes - JSON.stringify({ text: '' }).length) };
}

/** Ticks with events to the channel. */
export interface Burst {
  readonly ticks: number;
  readonly eventsPerTick: number;
  readonly dataBytes: number;
}

/** Events at even intervals. */
export interface Pace {
  readonly events: number;
  readonly everyMs: number;
  readonly dataBytes: number;
}

/** What every server of the contest does. */
export interface ServerCommands {
  /** Listens on a free port of 127.0.0.1 and returns it. */
  listen(): Promise<number>;
  publish(burst: Burst): Promise<void>;
  /**
   * Sends events at even intervals, the first one after one of them, and returns when all are accepted.
   * @returns from when the intervals count, by the shared clock
   */
  publishAtPace(pace: Pace): Promise<number>;
  cpuSeconds(): number;
  memory(): Promise<Memory>;
}

/** A contestant. */
export interface Contestant {
  listen(): Promise<number>;
  /** Sends one event to all clients; the return says that the server has accepted it. */
  publish(data: EventData): Promise<void> | void;
  /** @default those of this process */
  cpuSeconds?(): number;
}

/** Makes this process a server of the contest. */
export function serve({ listen, publish, cpuSeconds = cpuSecondsHere }: Contestant): void {
  answer<ServerCommands>({ listen, ...publishingBy(publish), cpuSeconds, memory: memoryInUse });
}

/** The commands that publish, from what publishes one event. */
export function publishingBy(publish: Contestant['publish']): Pick<ServerCommands, 'publish' | 'publishAtPace'> {
  return {
    async publish({ ticks, eventsPerTick, dataBytes }) {
      const data = eventData(dataBytes);
      for (let tick = 0; tick < ticks; tick++) {
        const accepted: (Promise<void> | void)[] = [];
        for (let event = 0; event < eventsPerTick; event++) accepted.push(publish(data));
        await Promise.all(accepted);
        await nextTick();
      }
    },
    async publishAtPace({ events, everyMs, dataBytes }) {
      const data = eventData(dataBytes);
      const startsAt = sharedClock();
      // Each has a timer of its own, as each would have its cause: a server that is behind finds several due in one turn.
      const sends = Array.from({ length: events }, async (_, event) => {
        await wait((event + 1) * everyMs);
        await publish(data);
      });
      await Promise.all(sends);
      return startsAt;
    },
  };
}
