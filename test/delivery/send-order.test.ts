import { describe, expect, test } from 'vitest';
import {
  createPushService,
  memorySessions,
  type PushService,
  type SendOptions,
  type SessionAdapter,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

interface Started {
  readonly backend: RecordingBackend;
  readonly push: PushService;
  /** Lets the request of an event be answered. */
  answer(event: string, how?: 'accept' | 'refuse'): void;
  /** The events of all requests so far. */
  sent(): string[];
}

/** A service whose requests are answered when the test says so. */
function start(sessions?: SessionAdapter): Started {
  const backend = new RecordingBackend();
  const answers = new Map<string, PromiseWithResolvers<void>>();
  const answerTo = (event: string): PromiseWithResolvers<void> => {
    const known = answers.get(event) ?? Promise.withResolvers<void>();
    answers.set(event, known);
    return known;
  };
  backend.answer = ({ message }) => answerTo(message.event).promise;
  return {
    backend,
    push: createPushService({ backend, sessions, retries: 0 }),
    answer: (event, how = 'accept') =>
      how === 'accept' ? answerTo(event).resolve() : answerTo(event).reject(new Error('no')),
    sent: () => backend.requests.map(({ message }) => message.event),
  };
}

function ordered(channels: string | string[], event: string): SendOptions {
  return { channels, event, data: 1, ordered: true };
}

describe('an ordered send', () => {
  test('waits for an earlier one to the same channel, and not for others', async () => {
    const { push, answer, sent } = start();
    const all = [
      push.send(ordered(['a', 'b'], 'first')),
      push.send(ordered('b', 'second')),
      push.send(ordered('c', 'third')),
      push.send({ channels: 'b', event: 'not ordered', data: 1 }),
    ];
    await expect.poll(() => sent().sort()).toEqual(['first', 'first', 'not ordered', 'third']);
    answer('first');
    await expect.poll(() => sent().slice(4)).toEqual(['second']);
    for (const event of ['second', 'third', 'not ordered']) answer(event);
    await Promise.all(all);
  });

  test('goes on when the one before it has failed', async () => {
    const { push, answer, sent } = start();
    const first = push.send(ordered('a', 'first'));
    const second = push.send(ordered('a', 'second'));
    answer('first', 'refuse');
    await expect(first).rejects.toMatchObject({ code: 'DELIVERY' });
    answer('second');
    await expect(second).resolves.toMatchObject({ status: 'accepted' });
    expect(sent()).toEqual(['first', 'second']);
  });

  test('keeps the order of the calls, also when the users of the first one are found later', async () => {
    const sessions = memorySessions();
    await sessions.add('ann', 'a');
    const found = Promise.withResolvers<void>();
    const slow: SessionAdapter = {
      channelsFor: async (users) => {
        await found.promise;
        return sessions.channelsFor(users);
      },
    };
    const { push, answer, sent } = start(slow);
    const all = [
      push.send({ users: 'ann', event: 'first', data: 1, ordered: true }),
      push.send(ordered('a', 'second')),
    ];
    await new Promise(setImmediate);
    expect(sent()).toEqual([]);
    found.resolve();
    await expect.poll(sent).toEqual(['first']);
    answer('first');
    answer('second');
    await Promise.all(all);
    expect(sent()).toEqual(['first', 'second']);
  });

  test('that is given up lets no later one pass those before it', async () => {
    const { push, answer, sent } = start();
    const controller = new AbortController();
    const first = push.send(ordered('a', 'first'));
    const given = push.send({ ...ordered('a', 'given up'), signal: controller.signal });
    const last = push.send(ordered('a', 'last'));
    await expect.poll(sent).toEqual(['first']);
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: 'ABORTED', outcome: 'rejected' });
    await new Promise(setImmediate);
    expect(sent()).toEqual(['first']);
    answer('first');
    answer('last');
    await Promise.all([first, last]);
    expect(sent()).toEqual(['first', 'last']);
  });

  test('that is refused before anything is sent holds nobody up', async () => {
    const { push, answer } = start();
    const wrong = push.send(ordered('', 'wrong'));
    const right = push.send(ordered('a', 'right'));
    answer('right');
    await expect(wrong).rejects.toMatchObject({ code: 'VALIDATION' });
    await expect(right).resolves.toMatchObject({ status: 'accepted' });
  });

  test('may be a sendMany, or a trigger of a channel', async () => {
    const { push, answer, sent } = start();
    const all = [
      push.channel('a').trigger('first', 1, { ordered: true }),
      push.sendMany([{ channels: 'a', event: 'second', data: 1 }], { ordered: true }),
      push.channel('a').trigger('third', 1, { ordered: true }),
    ];
    await expect.poll(sent).toEqual(['first']);
    for (const event of ['first', 'second', 'third']) answer(event);
    await Promise.all(all);
    expect(sent()).toEqual(['first', 'second', 'third']);
  });

  test('is waited for by close()', async () => {
    const { push, answer, sent } = start();
    const all = ['first', 'second'].map((event) => push.send(ordered('a', event)));
    await expect.poll(sent).toEqual(['first']);
    const closing = push.close();
    for (const event of ['first', 'second']) answer(event);
    await Promise.all([...all, closing]);
    expect(sent()).toEqual(['first', 'second']);
  });
});

describe('the option "ordered"', () => {
  test.each<unknown>([1, 'yes', null])('is true or false, and not %j', async (value) => {
    const { push, sent } = start();
    const options = { channels: 'a', data: 1, ordered: value as boolean };
    const { message } = await failureOf(ValidationError, () => push.send(options));
    expect(message).toBe('"ordered" must be true or false.');
    expect((await failureOf(ValidationError, () => push.sendMany([], { ordered: value as boolean }))).message).toBe(
      message,
    );
    expect(sent()).toEqual([]);
  });

  test('is none of a single message of sendMany()', async () => {
    const { push } = start();
    const { message } = await failureOf(ValidationError, () =>
      push.sendMany([{ channels: 'a', data: 1, ordered: true }]),
    );
    expect(message).toBe(
      'A message of sendMany() has no "ordered" of its own: pass it as sendMany(messages, { ordered }).',
    );
  });
});
