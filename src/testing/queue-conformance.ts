import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ConformanceCase, ConformanceOutcome } from './conformance.js';
import { inTrial } from './in-trial.js';
import type { QueueHarness } from './queue-harness.js';
import { idsOf, type QueueCaseDefinition, QueueTrial, withoutAnother } from './queue-trial.js';

/** Number of jobs that processes share. */
const MANY = 60;

const definitions: readonly QueueCaseDefinition[] = [
  {
    name: 'hands out each job once, as it was added',
    async check(trial) {
      const jobs = (['high', 'normal', 'low'] as const).map((priority) => trial.job({ priority }));
      const consumer = await trial.process();
      await trial.queue.add(jobs);
      await trial.comesTrue('all jobs are handed out', () => consumer.handed.length >= jobs.length);
      await trial.quiet();
      assert.equal(consumer.handed.length, jobs.length, 'the jobs that are handed out');
      for (const { inMs: _inMs, ...job } of jobs) {
        const handed = consumer.handed.filter(({ key }) => key === job.key);
        assert.equal(handed.length, 1, `times that a ${job.priority} job is handed out`);
        const { key, id, service, priority } = handed[0] ?? {};
        assert.deepEqual({ key, id, service, priority }, job, 'a job that is handed out');
      }
    },
  },
  {
    name: 'keeps jobs until a process takes them',
    async check(trial) {
      const job = trial.job();
      await trial.queue.add([job]);
      await trial.quiet();
      const consumer = await trial.process();
      await trial.comesTrue('a job that was added before is handed out', () => consumer.handed.length > 0);
      assert.deepEqual(idsOf(consumer.handed), [job.id]);
    },
  },
  {
    name: 'takes a call without jobs',
    async check(trial) {
      await trial.queue.add([]);
      const consumer = await trial.process();
      await trial.quiet();
      assert.deepEqual(consumer.handed, []);
    },
  },
  {
    name: 'hands out a job when its time has come, and not before',
    async check(trial) {
      const { delayMs } = trial;
      const consumer = await trial.process();
      const [early, late] = [trial.job(), trial.job({ inMs: delayMs })];
      const begin = performance.now();
      await trial.queue.add([late, early]);
      await trial.comesTrue('the job that is due is handed out', () => consumer.handed.length > 0);
      assert.deepEqual(idsOf(consumer.handed), [early.id], 'what is handed out before the delay is over');
      await trial.comesTrue('the delayed job is handed out', () => consumer.handed.length > 1);
      // A queue may go by whole milliseconds of another clock.
      assert.ok(performance.now() - begin >= delayMs - 20, 'a delayed job must not be handed out early');
      assert.deepEqual(idsOf(consumer.handed), idsOf([early, late]));
    },
  },
  {
    name: 'takes a delay of a year',
    async check(trial) {
      const consumer = await trial.process();
      await trial.queue.add([trial.job({ inMs: 366 * 86_400_000 })]);
      await trial.quiet();
      assert.deepEqual(consumer.handed, [], 'what is handed out long before its time');
    },
  },
  {
    name: 'makes one job of those with one key that wait, however they were added',
    async check(trial) {
      const [job, delayed] = [trial.job(), trial.job({ inMs: trial.delayMs })];
      await trial.queue.add([job, job]);
      await trial.queue.add([job, delayed]);
      await trial.queue.add([delayed]);
      const consumer = await trial.process();
      await trial.comesTrue('both jobs are handed out', () => consumer.handed.length > 1);
      await trial.quiet();
      assert.deepEqual(idsOf(consumer.handed), idsOf([job, delayed]), 'the jobs that are handed out');
    },
  },
  {
    name: 'takes a key again when the job that had it has ended',
    async check(trial) {
      const job = trial.job();
      const consumer = await trial.process();
      await trial.queue.add([job]);
      await trial.comesTrue('the first job is handed out', () => consumer.handed.length === 1);
      await trial.quiet();
      await trial.queue.add([job]);
      await trial.comesTrue('the second job is handed out', () => consumer.handed.length === 2);
    },
  },
  {
    name: 'handles no more jobs at once than it may, and as many',
    async check(trial) {
      const consumer = await trial.process({ concurrency: 3, holds: true });
      await trial.queue.add(Array.from({ length: 7 }, () => trial.job()));
      await trial.comesTrue('three jobs are being handled', () => consumer.underWay === 3);
      await trial.quiet();
      assert.equal(consumer.handed.length, 3, 'jobs that are handed out while three are being handled');
      await trial.comesTrue('all jobs are handed out', () => {
        consumer.release();
        return consumer.handed.length === 7;
      });
      assert.equal(consumer.most, 3, 'the most jobs that were being handled at once');
    },
  },
  {
    name: 'hands out each job to one of several processes',
    lacks: withoutAnother,
    async check(trial) {
      const jobs = Array.from({ length: MANY }, () => trial.job());
      const queue = await trial.another();
      const consumers = [await trial.process({ concurrency: 3 }), await trial.process({ concurrency: 3, queue })];
      await Promise.all([trial.queue.add(jobs.slice(MANY / 2)), queue.add(jobs.slice(0, MANY / 2))]);
      const handed = (): string[] => idsOf(consumers.flatMap((consumer) => consumer.handed));
      await trial.comesTrue('all jobs are handed out', () => handed().length >= MANY);
      await trial.quiet();
      assert.deepEqual(handed(), idsOf(jobs), 'the jobs that are handed out, each once');
    },
  },
  {
    name: 'hands out nothing after its end, and waits for what is under way',
    async check(trial) {
      const consumer = await trial.process({ concurrency: 1, holds: true });
      const [first, second] = [trial.job(), trial.job()];
      await trial.queue.add([first]);
      await trial.comesTrue('a job is being handled', () => consumer.underWay === 1);
      let hasEnded = false;
      const ending = consumer.end().then(() => {
        hasEnded = true;
      });
      await trial.queue.add([second]);
      await trial.quiet();
      assert.equal(hasEnded, false, 'whether it has ended while a job is being handled');
      consumer.release();
      await ending;
      await trial.quiet();
      assert.deepEqual(idsOf(consumer.handed), [first.id], 'the jobs that are handed out to whoever has ended');
      const next = await trial.process();
      await trial.comesTrue('what waits is handed out to the next', () => next.handed.length > 0);
      assert.deepEqual(idsOf(next.handed), [second.id], 'the jobs that are handed out to the next');
    },
  },
  {
    name: 'takes keys of 100 characters, letters, digits and hyphens',
    async check(trial) {
      const id = randomUUID();
      const key = `${id}-12-again-${'Az'.repeat(26)}`;
      const consumer = await trial.process();
      await trial.queue.add([trial.job({ id, key })]);
      await trial.comesTrue('the job is handed out', () => consumer.handed.length > 0);
      assert.equal(consumer.handed[0]?.key, key);
    },
  },
];

/**
 * The properties that the service needs of a queue, as cases for any test runner. They go by the true time: each takes
 * some delays of the harness.
 * @example
 * const create = () => ({ queue: myQueue() });
 * for (const { name, run } of queueConformance({ create })) {
 *   // `node:test` and Vitest show a skipped case as skipped, with the reason.
 *   test(name, async (t) => {
 *     const { skipped } = await run();
 *     if (skipped) t.skip(skipped);
 *   });
 * }
 */
export function queueConformance(harness: QueueHarness): readonly ConformanceCase[] {
  return definitions.map((definition) => ({ name: definition.name, run: () => runCase(definition, harness) }));
}

async function runCase({ lacks, check }: QueueCaseDefinition, harness: QueueHarness): Promise<ConformanceOutcome> {
  const trial = new QueueTrial(harness, await harness.create());
  return inTrial(trial, async () => {
    const skipped = lacks?.(trial);
    if (skipped === undefined) await check(trial);
    return { skipped };
  });
}
