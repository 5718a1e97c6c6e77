import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TimeSlices } from '../../src/core/time-slices.js';
import { createPushService, memorySessions } from '../../src/index.js';
import { RecordingBackend } from '../support/recording-backend.js';

const MANY = 100_000;

// A look at the clock takes a millisecond here, so that the number of slices does not depend on the machine.
beforeEach(() => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now++);
});
afterEach(() => vi.restoreAllMocks());

describe('work in slices', () => {
  test('lets others work in between', async () => {
    const slices = new TimeSlices();
    let others = 0;
    const other = setInterval(() => others++, 0);
    let handed = 0;
    for (let item = 0; item < MANY; item++) {
      if (!slices.isOver) continue;
      handed++;
      await slices.next();
    }
    clearInterval(other);
    // 781 looks at the clock, and a slice of ten milliseconds.
    expect(handed).toBeGreaterThan(60);
    expect(others).toBeGreaterThan(0);
  });

  test('is one slice when it is short', () => {
    const slices = new TimeSlices();
    expect(Array.from({ length: 100 }, () => slices.isOver)).not.toContain(true);
  });
});

describe('a send to 100 000', () => {
  async function othersWorkDuring(send: () => Promise<{ accepted: readonly string[] }>): Promise<number> {
    let others = 0;
    let isDone = false;
    const count = (): void => {
      if (isDone) return;
      others++;
      setImmediate(count);
    };
    setImmediate(count);
    const { accepted } = await send();
    isDone = true;
    expect(accepted).toHaveLength(MANY);
    return others;
  }

  test('users lets others work while it looks them up and checks their channels', async () => {
    const sessions = memorySessions<number>();
    const users = Array.from({ length: MANY }, (_, index) => index);
    for (const user of users) await sessions.add(user, `session-${user}`);
    const push = createPushService({ backend: new RecordingBackend({ maxChannelsPerRequest: MANY }), sessions });
    expect(await othersWorkDuring(() => push.send({ users, data: 1 }))).toBeGreaterThan(100);
  });

  test('channels does so, too', async () => {
    const push = createPushService({ backend: new RecordingBackend({ maxChannelsPerRequest: MANY }) });
    const channels = Array.from({ length: MANY }, (_, index) => `channel-${index}`);
    expect(await othersWorkDuring(() => push.send({ channels, data: 1 }))).toBeGreaterThan(60);
  });
});
