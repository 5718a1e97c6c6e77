import assert from 'node:assert/strict';
import { type CaseDefinition, failureOf, shown, type Trial } from '../trial.js';

/** Number of messages for a backend without a limit. */
const MANY = 250;
/** Number of messages beyond a limit. */
const MORE = 25;

function beyond(limit: number): number {
  return Number.isFinite(limit) ? limit + MORE : MANY;
}

export const sendingCases: readonly CaseDefinition[] = [
  {
    name: 'sends a message to one channel',
    async check(trial) {
      const channel = await trial.channel();
      const report = await trial.push.send({ channels: channel, event: trial.event, data: { n: 1 } });
      const { status, channels, accepted, rejected, skipped, attempts } = report;
      assert.deepEqual(
        { status, channels, accepted, rejected, skipped, attempts },
        { status: 'accepted', channels: [channel], accepted: [channel], rejected: [], skipped: [], attempts: 1 },
      );
      await trial.arrived([{ channel, event: trial.event, data: { n: 1 }, id: report.id }]);
    },
  },
  {
    name: 'sends a message to more channels than one request takes, to each exactly once',
    async check(trial) {
      const { maxChannelsPerRequest } = trial.capabilities;
      const channels = await trial.channels(beyond(maxChannelsPerRequest));
      const before = trial.subject.requests?.() ?? 0;
      const { id, accepted, rejected } = await trial.push.send({ channels, event: trial.event, data: 'to all' });
      assert.deepEqual(rejected, []);
      assert.deepEqual(accepted, channels);
      checkRequests(trial, before, Math.ceil(channels.length / maxChannelsPerRequest));
      await trial.arrived(channels.map((channel) => ({ channel, event: trial.event, data: 'to all', id })));
    },
  },
  {
    name: 'sends once to a channel that is named twice',
    async check(trial) {
      const [a = '', b = ''] = await trial.channels(2);
      const report = await trial.push.send({ channels: [a, b, a], event: trial.event, data: 1 });
      assert.deepEqual(report.accepted, [a, b]);
      await trial.arrived([a, b].map((channel) => ({ channel, event: trial.event, data: 1 })));
    },
  },
  {
    name: 'sends two equal messages as two',
    async check(trial) {
      const channel = await trial.channel();
      const sent = [await trial.sendTo(channel, 'again'), await trial.sendTo(channel, 'again')];
      assert.notEqual(sent[0]?.id, sent[1]?.id);
      await trial.arrived(sent);
    },
  },
  {
    name: 'sends several messages at the same time',
    async check(trial) {
      const channels = await trial.channels(MORE);
      await trial.arrived(await Promise.all(channels.map((channel, n) => trial.sendTo(channel, { n }))));
    },
  },
  {
    name: 'sends different messages with sendMany, in as few requests as it takes',
    async check(trial) {
      const { maxMessagesPerRequest } = trial.capabilities;
      const channels = await trial.channels(beyond(maxMessagesPerRequest));
      const before = trial.subject.requests?.() ?? 0;
      const messages = channels.map((name, n) => ({ channels: name, event: trial.event, data: { n } }));
      const reports = await trial.push.sendMany(messages);
      assert.deepEqual(
        reports.flatMap(({ accepted }) => accepted),
        channels,
      );
      checkRequests(trial, before, Math.ceil(channels.length / maxMessagesPerRequest));
      const { event } = trial;
      await trial.arrived(channels.map((channel, n) => ({ channel, event, data: { n }, id: reports[n]?.id ?? '' })));
    },
  },
  {
    name: 'sends different messages to the same channels with sendMany',
    async check(trial) {
      const channels = await trial.channels(2);
      const { event } = trial;
      const data = ['one', 'two', 'three'];
      await trial.push.sendMany(data.map((each) => ({ channels, event, data: each })));
      await trial.arrived(data.flatMap((each) => channels.map((channel) => ({ channel, event, data: each }))));
    },
  },
  {
    name: 'keeps the order of the messages that a sendMany has for one channel',
    async check(trial) {
      const [channel = '', other = ''] = await trial.channels(2);
      const { event } = trial;
      const messages = Array.from({ length: MORE }, (_, n) => ({
        channels: n % 2 === 0 ? channel : [other, channel],
        event,
        data: n,
      }));
      await trial.push.sendMany(messages);
      const sent = messages.flatMap(({ channels, data }) =>
        [channels].flat().map((name) => ({ channel: name, event, data })),
      );
      const received = await trial.arrived(sent);
      for (const name of [channel, other]) {
        const [arrived, wanted] = [received, sent].map((records) =>
          records.filter((record) => record.channel === name).map(({ data }) => data),
        );
        assert.deepEqual(arrived, wanted, `the messages on ${name} must arrive in their order`);
      }
    },
  },
  {
    name: 'delivers a notification beside the data',
    async check(trial) {
      await notify(trial);
      const [record] = await trial.subject.received();
      const data = record?.data;
      const inData =
        typeof data === 'object' && data !== null && 'notification' in data ? data.notification : undefined;
      const text = JSON.stringify(record?.notification ?? inData);
      for (const part of [notification.title, notification.body]) {
        assert.ok(
          text?.includes(part),
          `The notification must arrive with ${shown(part)}; the provider got ${shown(record)}`,
        );
      }
    },
  },
  {
    name: 'takes an idempotency key',
    lacks: ({ capabilities }) =>
      capabilities.idempotencyKey ? undefined : 'the backend declares idempotencyKey: false',
    async check(trial) {
      const channel = await trial.channel();
      const message = { channels: channel, event: trial.event, data: 1, idempotencyKey: 'conformance-key' };
      for (const _ of [1, 2]) assert.equal((await trial.push.send(message)).status, 'accepted');
      const received = await trial.subject.received();
      assert.ok(received.length === 1 || received.length === 2, `the provider got ${shown(received)}`);
    },
    async instead(trial) {
      const channels = await trial.channel();
      const sending = (): unknown => trial.push.send({ channels, data: 1, idempotencyKey: 'conformance-key' });
      await failureOf('a send with "idempotencyKey"', sending, 'UNSUPPORTED_OPERATION');
      await trial.arrived([]);
    },
  },
  {
    name: 'takes backendOptions that it knows, and refuses or ignores others',
    async check(trial) {
      const channels = await trial.channel();
      const message = { channels, event: trial.event, data: 1, backendOptions: { conformanceTest: true } };
      const sending = trial.push.send(message);
      const isRefused = await sending.then(
        () => false,
        () => true,
      );
      if (isRefused) await failureOf('a send with unknown "backendOptions"', () => sending, 'VALIDATION');
      await trial.arrived(isRefused ? [] : [{ channel: channels, event: trial.event, data: 1 }]);
    },
  },
];

const notification = { title: 'A title of the conformance suite', body: 'A body of the conformance suite' };

async function notify(trial: Trial): Promise<void> {
  const channel = await trial.channel();
  const report = await trial.push.send({ channels: channel, event: trial.event, data: { n: 1 }, notification });
  assert.equal(report.status, 'accepted');
  await trial.comesTrue(async () => (await trial.subject.received()).length > 0);
  const received = await trial.subject.received();
  assert.equal(received.length, 1, `one message was sent; the provider got ${shown(received)}`);
}

/** Asserts the number of requests, unless some channels of the backend need a request of their own. */
function checkRequests({ subject, capabilities }: Trial, before: number, expected: number): void {
  if (subject.requests === undefined || capabilities.sharesRequest !== undefined) return;
  assert.equal(subject.requests() - before, expected, 'requests that the provider got');
}
