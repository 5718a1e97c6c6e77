import { setTimeout as wait } from 'node:timers/promises';
import { answer } from './answer.ts';
import { type RedisTraffic, watchRedis } from './redis-traffic.ts';
import { roomsOf } from './room-commands.ts';
import { type EventData, eventData, publishingBy, type ServerCommands } from './server-commands.ts';
import { cpuSeconds, sharedClock } from './usage.ts';

/** The client libraries of Redis that are measured. */
export type RedisLibrary = 'ioredis' | 'redis';

/** What joins a node to others. */
export interface NodeJoint {
  /** On 127.0.0.1; undefined for a node that is alone, without a relay. */
  readonly redisPort: number | undefined;
  readonly library: RedisLibrary;
}

/** Single events, each sent some time after the one before was accepted. */
export interface Apart {
  readonly events: number;
  readonly pauseMs: number;
  readonly dataBytes: number;
}

/** When each event was handed to the server, and when the server had accepted it, by the shared clock. */
export interface Sent {
  readonly at: Float64Array;
  readonly acceptedAt: Float64Array;
}

/** What one of several servers does that Redis joins. */
export interface NodeCommands extends Pick<ServerCommands, 'publish' | 'publishAtPace' | 'cpuSeconds'> {
  /** Joins the others, listens on a free port of 127.0.0.1 and returns it. */
  open(joint: NodeJoint): Promise<number>;
  publishApart(apart: Apart): Promise<Sent>;
  /** Sends one event to each of the first rooms, some of them at once. */
  publishToRooms(rooms: number, dataBytes: number): Promise<void>;
  /** Counts from now on what Redis sends. It comes before `open`. */
  watch(redisPort: number): void;
  /** So far. */
  fromRedis(): RedisTraffic;
}

/** A contestant. */
export interface NodeContestant {
  open(joint: NodeJoint): Promise<number>;
  /** Sends one event to all clients of all nodes; the return says that the server has accepted it. */
  publish(data: EventData): Promise<void> | void;
  /** Sends one event to a room. */
  publishTo?(room: string, data: EventData): Promise<void>;
}

/** Rooms that events are sent to at once. */
const ROOMS_AT_ONCE = 100;

/** Makes this process one of several servers. */
export function serveNode({ open, publish, publishTo = async () => {} }: NodeContestant): void {
  let fromRedis = (): RedisTraffic => ({ messages: 0, bytes: 0 });
  answer<NodeCommands>({
    open,
    ...publishingBy(publish),
    async publishApart({ events, pauseMs, dataBytes }) {
      const data = eventData(dataBytes);
      const sent = { at: new Float64Array(events), acceptedAt: new Float64Array(events) };
      for (let event = 0; event < events; event++) {
        await wait(pauseMs);
        sent.at[event] = sharedClock();
        await publish(data);
        sent.acceptedAt[event] = sharedClock();
      }
      return sent;
    },
    async publishToRooms(rooms, dataBytes) {
      const data = eventData(dataBytes);
      const names = roomsOf(0, { roomsEach: rooms, from: 0 });
      for (let first = 0; first < rooms; first += ROOMS_AT_ONCE)
        await Promise.all(names.slice(first, first + ROOMS_AT_ONCE).map((name) => publishTo(name, data)));
    },
    cpuSeconds,
    watch(redisPort) {
      fromRedis = watchRedis(redisPort);
    },
    fromRedis: () => fromRedis(),
  });
}
