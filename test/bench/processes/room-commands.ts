import { setImmediate as nextTick } from 'node:timers/promises';
import { answer } from './answer.ts';
import { type EventData, eventData } from './server-commands.ts';
import { cpuSeconds, type Memory, memoryInUse } from './usage.ts';

/** Rooms for clients, each for one client alone. */
export interface RoomShare {
  readonly roomsEach: number;
  /** The number of the first client's first room. */
  readonly from: number;
}

/** The names of one client's rooms. */
export function roomsOf(client: number, { roomsEach, from }: RoomShare): readonly string[] {
  return Array.from({ length: roomsEach }, (_, index) => room(from + client * roomsEach + index));
}

function room(index: number): string {
  return `room-${index}`;
}

/** What a server with many rooms does. */
export interface RoomServerCommands {
  /** Listens on a free port of 127.0.0.1 and returns it. */
  listen(): Promise<number>;
  /** Puts the clients into their rooms, where the server decides it. */
  join(share: RoomShare): Promise<void> | void;
  /** Sends one event to each of the first rooms, one in a tick. Returns the CPU seconds that it took. */
  publishToEach(rooms: number, dataBytes: number): Promise<number>;
  memory(): Promise<Memory>;
}

/** A contestant. */
export interface RoomContestant {
  listen(): Promise<number>;
  join?(share: RoomShare): Promise<void> | void;
  publish(room: string, data: EventData): Promise<void> | void;
}

/** Makes this process a server of the contest. */
export function serveRooms({ listen, join = () => {}, publish }: RoomContestant): void {
  answer<RoomServerCommands>({
    listen,
    join,
    async publishToEach(rooms, dataBytes) {
      const data = eventData(dataBytes);
      const before = cpuSeconds();
      for (let index = 0; index < rooms; index++) {
        await publish(room(index), data);
        await nextTick();
      }
      return cpuSeconds() - before;
    },
    memory: memoryInUse,
  });
}
