import { describe, expect, it, test } from 'vitest';
import type { QueueJob } from '../../src/queues/queue.js';
import { queueConformance } from '../../src/testing/index.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { adding, faultyQueue, handing, type QueueFault } from './support/faulty-queues.js';

const forgetsKeys = adding((job, n) => ({ ...job, key: `${job.key}-${n}-${Math.random()}` }));

const remembersKeys: QueueFault = (right) => {
  const known = new Set<string>();
  return {
    add: (jobs) => right.add(jobs.filter(({ key }) => known.size < known.add(key).size)),
  };
};

/** Queues that do one thing wrong, by the case that they must not pass. */
const wrong: Readonly<Record<string, Readonly<Record<string, QueueFault>>>> = {
  'hands out each job once, as it was added': {
    'hands out nothing': adding(() => []),
    'loses the first of each call': adding((job, n) => (n === 0 ? [] : job)),
    'hands out each twice': adding((job) => [job, { ...job, key: `${job.key}-2` }]),
    'loses the priority': handing((job) => ({ ...job, priority: 'normal' })),
    'makes up ids': handing((job) => ({ ...job, id: `${job.id}-1` })),
    'loses the service': handing(({ key, id, priority }) => ({ key, id, priority }) as QueueJob),
  },
  'keeps jobs until a process takes them': {
    'drops what nobody takes': (right) => {
      let isProcessed = false;
      return {
        add: async (jobs) => (isProcessed ? right.add(jobs) : undefined),
        process: (...of) => {
          isProcessed = true;
          return right.process(...of);
        },
      };
    },
  },
  'takes a call without jobs': {
    'fails for none': (right) => ({
      add: async (jobs) => {
        if (jobs.length === 0) throw new Error('no jobs');
        await right.add(jobs);
      },
    }),
  },
  'hands out a job when its time has come, and not before': {
    'knows no delays': adding((job) => ({ ...job, inMs: 0 })),
    'is early': adding((job) => ({ ...job, inMs: job.inMs / 2 })),
    'loses what is delayed': adding((job) => (job.inMs > 0 ? [] : job)),
  },
  'takes a delay of a year': {
    'hands it to a timer, which takes 24 days': adding((job) => ({ ...job, inMs: job.inMs > 2 ** 31 ? 1 : job.inMs })),
    'refuses it': (right) => ({
      add: async (jobs) => {
        if (jobs.some(({ inMs }) => inMs > 1e9)) throw new RangeError('too long');
        await right.add(jobs);
      },
    }),
  },
  'makes one job of those with one key that wait, however they were added': { 'forgets keys': forgetsKeys },
  'takes a key again when the job that had it has ended': { 'remembers keys': remembersKeys },
  'handles no more jobs at once than it may, and as many': {
    'handles all at once': (right) => ({ process: (handle) => right.process(handle, { concurrency: 100 }) }),
    'handles one after the other': (right) => ({ process: (handle) => right.process(handle, { concurrency: 1 }) }),
  },
  'hands out each job to one of several processes': {
    'hands it to all': (right) => {
      const handles: ((job: QueueJob) => Promise<void>)[] = [];
      return {
        process: (handle, options) => {
          handles.push(handle);
          return right.process(async (job) => void (await Promise.all(handles.map((each) => each(job)))), options);
        },
      };
    },
  },
  'hands out nothing after its end, and waits for what is under way': {
    'never ends': (right) => ({
      process: async (...of) => {
        await right.process(...of);
        return async () => {};
      },
    }),
    'does not wait': (right) => ({
      process: async (...of) => {
        const end = await right.process(...of);
        return async () => void end();
      },
    }),
    'loses what waits when it ends': (right) => ({
      process: async (...of) => {
        const end = await right.process(...of);
        return async () => {
          await end();
          right.lose();
        };
      },
    }),
  },
  'takes keys of 100 characters, letters, digits and hyphens': {
    'cuts keys': handing((job) => ({ ...job, key: job.key.slice(0, 64) })),
    'knows no capitals': handing((job) => ({ ...job, key: job.key.toLowerCase() })),
  },
};

describe.each(Object.entries(wrong))('does not pass "%s"', (name, faults) => {
  test.each(Object.entries(faults))('a queue that %s', async (_what, fault) => {
    const found = queueConformance(faultyQueue(fault)).find((one) => one.name === name);
    expect(found).toBeDefined();
    await expect(found?.run()).rejects.toThrow();
  });
});

describe('a queue that does everything right', () => {
  const cases = queueConformance(faultyQueue(() => ({})));

  it.each(cases)('passes: $name', async ({ run }) => {
    expect(await run()).toEqual({ skipped: undefined });
  });

  it('is told of no case that no wrong queue fails, each under a name of its own', () => {
    expect(cases.map(({ name }) => name).toSorted()).toEqual(Object.keys(wrong).sort());
  });
});

test('says what a case lacks', async () => {
  const reasons = new Set<string | undefined>();
  for (const { name, run } of queueConformance({ create: () => ({ queue: new MemoryQueue() }) }))
    if (name.includes('several processes')) reasons.add((await run()).skipped);
  expect([...reasons]).toEqual(['the harness has no another()']);
});
