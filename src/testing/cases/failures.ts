import assert from 'node:assert/strict';
import { outcomeOf, type PushError } from '../../core/errors.js';
import type { DeliveryError, SendReport } from '../../core/report.js';
import type { ProviderFaults } from '../harness.js';
import { type CaseDefinition, type ExpectedRecord, failureOf, shown, type Trial } from '../trial.js';
import { pause } from '../waiting.js';

/** Deadline of an attempt that gets no answer, in milliseconds. */
export const SHORT_TIMEOUT_MS = 150;

export const failureCases: readonly CaseDefinition[] = [
  {
    name: 'fails when the provider refuses, says who failed, and works again afterwards',
    lacks: (trial) => withoutFault(trial, 'refuse'),
    async check(trial) {
      const { error, worksAgain } = await failing(trial, 'refuse');
      assert.equal(outcomeOf(error), 'rejected', `the outcome of "${error.message}"`);
      await trial.arrived([]);
      await trial.arrived([await worksAgain()]);
    },
  },
  {
    name: 'fails for each channel of a message that the provider refuses',
    lacks: (trial) => withoutFault(trial, 'refuse'),
    async check(trial) {
      const channels = await trial.channels(3);
      trial.subject.faults?.refuse?.();
      await rejection(trial, () => trial.push.send({ channels, event: trial.event, data: 1 }));
      await trial.arrived([]);
    },
  },
  {
    name: 'fails for each message of a sendMany that the provider refuses',
    lacks: (trial) => withoutFault(trial, 'refuse'),
    async check(trial) {
      const { event } = trial;
      const channels = await trial.channels(3);
      trial.subject.faults?.refuse?.();
      const messages = channels.map((name, data) => ({ channels: name, event, data }));
      await rejection(trial, () => trial.push.sendMany(messages));
      await trial.arrived([]);
    },
  },
  {
    name: 'fails when the connection is lost in the middle of a request, and works again afterwards',
    lacks: (trial) => withoutFault(trial, 'disconnect'),
    async check(trial) {
      const { error, worksAgain } = await failing(trial, 'disconnect');
      assert.equal(outcomeOf(error), 'unknown', `the outcome of "${error.message}"`);
      assert.equal(error.retryable, true, `whether "${error.message}" may be retried`);
      await worksAgain();
    },
  },
  {
    name: 'retries a message with the same id',
    settings: { retries: 1 },
    lacks: (trial) => withoutFault(trial, 'disconnect'),
    async check(trial) {
      const { push, event } = trial;
      const channel = await trial.channel();
      trial.subject.faults?.disconnect?.();
      const sending = push.send({ channels: channel, event, data: 1 });
      // The wait before the second attempt is at least 250 ms.
      await pause(100);
      trial.subject.faults?.recover();
      const { attempts, id } = await sending;
      assert.equal(attempts, 2, 'attempts: a send is retried after a lost connection');
      const ids = (await trial.subject.received()).flatMap((record) => record.id ?? []);
      assert.deepEqual(
        [...new Set(ids)].filter((each) => each !== id),
        [],
        `the message has the id ${id}`,
      );
    },
  },
  {
    name: 'gives up at the deadline when there is no answer, and works again afterwards',
    lacks: (trial) => withoutFault(trial, 'hang'),
    async check(trial) {
      const { error, worksAgain } = await failing(trial, 'hang', () => ({ timeout: SHORT_TIMEOUT_MS }));
      assert.equal(outcomeOf(error), 'unknown', `the outcome of "${error.message}"`);
      await worksAgain();
    },
  },
  {
    name: 'gives up when the caller aborts, and works again afterwards',
    lacks: (trial) => withoutFault(trial, 'hang'),
    async check(trial) {
      const { error, worksAgain } = await failing(trial, 'hang', () => ({
        signal: AbortSignal.timeout(SHORT_TIMEOUT_MS),
      }));
      assert.equal((error.cause as Error).name, 'AbortError');
      await worksAgain();
    },
  },
];

export function withoutFault({ subject }: Trial, fault: keyof ProviderFaults): string | undefined {
  return subject.faults?.[fault] === undefined ? `the harness has no faults.${fault}()` : undefined;
}

/** The error of a send that a fault befalls, and a send to another channel after the provider has recovered. */
async function failing(
  trial: Trial,
  fault: 'refuse' | 'disconnect' | 'hang',
  options: () => { timeout?: number; signal?: AbortSignal } = () => ({}),
): Promise<{ readonly error: PushError; worksAgain(): Promise<ExpectedRecord> }> {
  const { push, event, subject } = trial;
  const [channel = '', other = ''] = await trial.channels(2);
  subject.faults?.[fault]?.();
  const error = await rejection(trial, () => push.send({ channels: channel, event, data: 1, ...options() }));
  const worksAgain = (): Promise<ExpectedRecord> => {
    subject.faults?.recover();
    return trial.sendTo(other, 2);
  };
  return { error, worksAgain };
}

/** Asserts that a call fails for all its channels. @returns its error, which names the backend */
async function rejection(trial: Trial, work: () => Promise<unknown>): Promise<PushError> {
  const error = (await failureOf('a send that the provider does not take', work, 'DELIVERY')) as DeliveryError;
  const reports: readonly SendReport[] = error.reports;
  assert.notEqual(reports.length, 0, `"${error.message}" carries the reports`);
  assert.equal(error.backend, trial.backend.name, `the backend that "${error.message}" names`);
  for (const { channels, accepted, rejected } of reports) {
    assert.deepEqual(accepted, [], 'channels that were reported as accepted');
    assert.deepEqual(
      rejected.map(({ channel }) => channel),
      channels,
    );
    for (const { channel, error: one } of rejected)
      assert.notEqual(one.message, '', `what failed for ${shown(channel)}`);
  }
  return error;
}
