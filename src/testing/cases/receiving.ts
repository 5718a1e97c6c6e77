import assert from 'node:assert/strict';
import type { IncomingMessage } from '../../wire/message.js';
import { type CaseDefinition, failureOf, shown, type Trial } from '../trial.js';
import { pause } from '../waiting.js';

function withoutSubscribe({ capabilities, subject }: Trial): string | undefined {
  if (!capabilities.subscribe) return 'the backend declares subscribe: false';
  return subject.delivers === false ? 'the harness has no delivery to subscribers' : undefined;
}

export const receivingCases: readonly CaseDefinition[] = [
  {
    name: 'receives each message of a channel once, however often it is subscribed to',
    lacks: withoutSubscribe,
    async check(trial) {
      const channel = await trial.channel();
      const received = listen(trial);
      await trial.push.subscribe(channel);
      await trial.push.subscribe(channel);
      await trial.backend.subscribe(channel);
      const data = { a: [1, { b: null }], text: 'ключ 👍', empty: '' };
      const { id } = await trial.sendTo(channel, data);
      await comeIn(trial, received, 1);
      const [message] = received;
      assert.deepEqual(
        { channel: message?.channel, event: message?.event, data: message?.data },
        { channel, event: trial.event, data },
      );
      if (message?.id !== undefined) assert.equal(message.id, id);
    },
    async instead(trial) {
      if (trial.capabilities.subscribe) return;
      const subscribing = (): unknown => trial.push.subscribe(trial.nameOf(1));
      await failureOf('subscribe()', subscribing, 'UNSUPPORTED_OPERATION');
      const ending = (): unknown => trial.backend.unsubscribe(trial.nameOf(1));
      await failureOf('unsubscribe()', ending, 'UNSUPPORTED_OPERATION');
    },
  },
  {
    name: 'receives all messages in the order in which they were sent',
    lacks: withoutSubscribe,
    async check(trial) {
      const channel = await trial.channel();
      const received = listen(trial);
      await trial.push.subscribe(channel);
      const numbers = [1, 2, 3, 4, 5];
      for (const n of numbers) await trial.sendTo(channel, n);
      await dataComeIn(trial, received, numbers);
    },
  },
  {
    name: 'receives no messages of other channels',
    lacks: withoutSubscribe,
    async check(trial) {
      const [mine = '', other = '', longer = ''] = [...(await trial.channels(2)), `${trial.nameOf(1)}1`];
      const received = listen(trial);
      await trial.push.subscribe(mine);
      await trial.sendTo(other, 'not for me');
      await trial.sendTo(longer, 'not for me');
      await trial.sendTo(mine, 'for me');
      await dataComeIn(trial, received, ['for me']);
    },
  },
  {
    name: 'receives no messages after unsubscribe, and receives again after subscribe',
    lacks: withoutSubscribe,
    async check(trial) {
      const [ended = '', other = ''] = await trial.channels(2);
      const received = listen(trial);
      await trial.push.subscribe(ended);
      await trial.push.subscribe(other);
      await trial.push.unsubscribe(ended);
      await trial.sendTo(ended, 'too late');
      await trial.sendTo(other, 'in time');
      await dataComeIn(trial, received, ['in time']);
      await trial.push.subscribe(ended);
      await trial.sendTo(ended, 'again');
      await dataComeIn(trial, received, ['in time', 'again']);
    },
  },
  {
    name: 'ignores an unsubscribe from a channel without a subscription',
    lacks: withoutSubscribe,
    async check(trial) {
      await trial.push.ready();
      await trial.push.unsubscribe(trial.nameOf(1));
      await trial.backend.unsubscribe(trial.nameOf(1));
    },
  },
  {
    name: 'goes on receiving after a listener has thrown',
    lacks: withoutSubscribe,
    async check(trial) {
      const channel = await trial.channel();
      trial.push.on('messageReceived', () => {
        throw new Error('a listener of the conformance suite fails');
      });
      const received = listen(trial);
      await trial.push.subscribe(channel);
      await trial.sendTo(channel, 1);
      await trial.sendTo(channel, 2);
      await comeIn(trial, received, 2);
    },
  },
];

function listen(trial: Trial): IncomingMessage[] {
  const received: IncomingMessage[] = [];
  trial.push.on('messageReceived', (message) => received.push(message));
  return received;
}

/** Asserts that a number of messages arrives, and no more. */
async function comeIn(trial: Trial, received: readonly IncomingMessage[], count: number): Promise<void> {
  await trial.comesTrue(() => received.length >= count);
  await pause(trial.harness.quietMs ?? 20);
  assert.equal(received.length, count, `messages received: ${shown(received)}`);
}

/** Messages with these data come in, in this order, and no more. */
async function dataComeIn(trial: Trial, received: readonly IncomingMessage[], data: readonly unknown[]): Promise<void> {
  await comeIn(trial, received, data.length);
  assert.deepEqual(
    received.map((message) => message.data),
    data,
  );
}
