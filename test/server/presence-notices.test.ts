import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { textFrame } from '../../src/server/frames.js';
import { LocalChannel } from '../../src/server/local-channel.js';
import { PresencePace } from '../../src/server/presence-pace.js';

const room = 'presence-room';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A subscriber that believes what it hears, and says what contradicts itself. */
class Believer {
  readonly id: string;
  members = new Set<string>();
  writes = 0;
  readonly problems: string[] = [];

  constructor(id: string) {
    this.id = id;
  }

  send(frames: Buffer, messages = 1): void {
    this.writes++;
    const texts = textsOf(frames);
    if (texts.length !== messages) this.problems.push(`${texts.length} frames in place of ${messages}`);
    for (const text of texts) this.#hear(JSON.parse(text) as { event: string; data: string });
  }

  #hear({ event, data }: { event: string; data: string }): void {
    const content = JSON.parse(data) as { user_id: string; presence: { ids: string[] }; members: string[] };
    const { user_id: user, presence, members } = content;
    if (event === 'pusher_internal:subscription_succeeded') this.members = new Set(presence.ids);
    else if (event === 'pusher_internal:member_added') {
      if (this.members.has(user)) this.problems.push(`${user} came twice`);
      this.members.add(user);
    } else if (event === 'pusher_internal:member_removed') {
      if (!this.members.delete(user)) this.problems.push(`${user} left twice`);
    } else if ([...this.members].sort().join() !== members.join()) this.problems.push(`${event} came with others`);
  }
}

/** The texts of frames that a server has sent, one after the other. */
function textsOf(frames: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < frames.length; ) {
    const short = frames.readUInt8(at + 1);
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length = short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : frames.readUInt32BE(at + 6);
    texts.push(frames.toString('utf8', at + header, at + header + length));
    at += header + length;
  }
  return texts;
}

/** A channel alone, whose subscribers are told as an application tells them. */
class Room {
  readonly channel: LocalChannel = new LocalChannel(room);
  readonly pace: PresencePace = new PresencePace();
  readonly inside: Map<string, Believer> = new Map();

  toggle(id: string, info?: string): void {
    const there = this.inside.get(id);
    if (there === undefined) {
      const believer = new Believer(id);
      this.inside.set(id, believer);
      this.channel.add(believer, { id, info });
    } else {
      this.inside.delete(id);
      this.channel.remove(there);
    }
    this.pace.changed(this.channel);
  }

  publish(): void {
    const data = JSON.stringify({ members: [...this.inside.keys()].sort() });
    this.channel.deliver(textFrame(JSON.stringify({ event: 'x', data })));
  }
}

it('n who come at once to a channel cause a few writes to each', () => {
  const { channel, inside, pace } = fullRoom(300);
  vi.advanceTimersByTime(50);
  const all = [...inside.values()];
  expect(all.map(({ members }) => members.size)).toEqual(all.map(() => 300));
  // A list, and 20 members one by one; then all others together.
  expect(Math.max(...all.map(({ writes }) => writes))).toBeLessThan(25);
  expect(all.at(-1)?.writes).toBe(1);
  expect(channel.size).toBe(300);
  pace.stop();
});

function fullRoom(size: number): Room {
  const full = new Room();
  for (let index = 0; index < size; index++) full.toggle(`user-${index}`);
  return full;
}

it('what waits is told before its time when it is over 64 kB', () => {
  const full = fullRoom(30);
  vi.advanceTimersByTime(1000);
  const [watcher] = full.inside.values();
  const info = JSON.stringify('x'.repeat(1000));
  for (let index = 0; index < 50; index++) full.toggle(`large-${index}`, info);
  expect(watcher?.members.size).toBe(31);
  for (let index = 50; index < 70; index++) full.toggle(`large-${index}`, info);
  expect(watcher?.members.size).toBe(90);
  vi.advanceTimersByTime(50);
  expect(watcher?.members.size).toBe(100);
  full.pace.stop();
});

it('whatever order they come, go, and are sent events in, each knows the members as they are', () => {
  const user = fc.integer({ min: 0, max: 40 }).map((index) => ({ toggle: `user-${index}` }));
  const step = fc.oneof(
    { weight: 10, arbitrary: user },
    { weight: 1, arbitrary: fc.constant('publish' as const) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 80 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const full = fullRoom(15);
      const all = new Set(full.inside.values());
      for (const next of steps) {
        if (next === 'publish') full.publish();
        else if (typeof next === 'number') vi.advanceTimersByTime(next);
        else full.toggle(next.toggle);
        for (const believer of full.inside.values()) all.add(believer);
      }
      vi.advanceTimersByTime(50);
      expect([...all].flatMap(({ problems }) => problems)).toEqual([]);
      const members = [...full.inside.keys()].sort();
      for (const believer of full.inside.values()) expect([...believer.members].sort()).toEqual(members);
      vi.advanceTimersByTime(50);
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 200 },
  );
});
