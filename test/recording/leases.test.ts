import { expect, it } from 'vitest';
import { DeliveryError, ValidationError } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import type { MessageStore } from '../../src/messages/store.js';
import { TestClock } from '../support/test-clock.js';
import { recordedService } from './recorded-service.js';

const lost = new DeliveryError('The connection was lost.', { outcome: 'unknown', retryable: true });

type Call = (...values: never[]) => Promise<unknown>;

/** A store some of whose methods are others. */
function replaced(store: MessageStore, by: (method: string) => Call | undefined): MessageStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (by(String(name)) ?? value.bind(target)) : value;
    },
  });
}

/** A store some of whose calls fail, as those do whose connection is lost. */
function failing(store: MessageStore, fails: (method: string) => boolean): MessageStore {
  const fail = (): Promise<never> => Promise.reject(lost);
  return replaced(store, (method) => (fails(method) ? fail : undefined));
}

/** Leaves a message behind that a process was sending when it died. */
async function leaveBehind(messages: MessageStore): Promise<void> {
  const dead = recordedService({ messages, worker: false });
  dead.backend.answer = () => new Promise(() => {});
  void dead.push.send({ event: 'hello', channels: 'a' }).catch(() => {});
  await expect.poll(() => dead.backend.requests.length).toBe(1);
}

it('lets go of a message that it could not begin to send, so that it is sent later', async () => {
  const memory = memoryMessages();
  await leaveBehind(memory);
  let failures = 0;
  const messages = failing(memory, (method) => method === 'begin' && failures++ === 0);
  await using other = recordedService({ messages }, new TestClock());
  await other.clock.advance(32_000);
  expect(failures).toBe(1);
  expect(other.backend.requests).toHaveLength(0);
  await other.clock.advance(32_000);
  expect(other.backend.requests).toHaveLength(1);
  const [record] = await memory.find({ service: 'default' }, { limit: 1 }).then(({ messages: found }) => found);
  // It died once, and not a second time when it could not be begun.
  expect(record).toMatchObject({ state: 'SENT', deaths: 1 });
});

it('renews a lease again soon when the store did not answer, before the lease runs out', async () => {
  const clock = new TestClock();
  const memory = memoryMessages();
  let isAway = true;
  // Each renewal fails after a second.
  const renew: MessageStore['renew'] = async (...values) => {
    if (!isAway) return memory.renew(...values);
    await new Promise<void>((resolve) => void clock.after(1_000, resolve));
    throw lost;
  };
  const messages = replaced(memory, (method) => (method === 'renew' ? renew : undefined));
  await using one = recordedService({ messages, worker: false }, clock);
  const answers = Promise.withResolvers<undefined>();
  one.backend.answer = () => answers.promise;
  const sent = one.push.send({ event: 'hello', channels: 'a', timeout: 600_000 });
  await expect.poll(() => one.backend.requests.length).toBe(1);
  await using other = recordedService({ messages: memory }, clock);
  await clock.advance(23_000);
  isAway = false;
  await clock.advance(60_000);
  expect(other.backend.requests).toHaveLength(0);
  answers.resolve(undefined);
  expect((await sent).status).toBe('accepted');
});

it('goes on with a message whose lease ran out under it, and does not send it twice', async () => {
  const messages = memoryMessages();
  await using recorded = recordedService({ messages });
  const { push, backend, clock } = recorded;
  const answers = Promise.withResolvers<undefined>();
  backend.answer = () => answers.promise;
  const sent = push.send({ event: 'hello', channels: 'a', timeout: 600_000 });
  await expect.poll(() => backend.requests.length).toBe(1);
  // Nobody renews a lease while the clock jumps, or the process is stopped.
  clock.set(clock.now() + 3_600_000);
  await clock.advance(5_000);
  expect(backend.requests).toHaveLength(1);
  answers.resolve(undefined);
  const { id, status } = await sent;
  expect(status).toBe('accepted');
  await clock.advance(120_000);
  expect(backend.requests).toHaveLength(1);
  expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 });
});

it('writes down late what the provider accepted, when it could not for longer than the lease', async () => {
  const memory = memoryMessages();
  let isAway = true;
  const messages = failing(memory, (method) => isAway && (method === 'settle' || method === 'renew'));
  await using recorded = recordedService({ messages });
  const { push, backend, clock } = recorded;
  const { id } = await push.send({ event: 'hello', channels: 'a' });
  await clock.advance(120_000);
  isAway = false;
  await clock.advance(120_000);
  expect(backend.requests).toHaveLength(1);
  expect(await push.messages.get(id)).toMatchObject({ state: 'SENT', attempts: 1 });
});

it('writes down soon what many messages came to, when the store is back', async () => {
  const memory = memoryMessages();
  let isAway = false;
  const messages = failing(memory, (method) => isAway && method === 'settle');
  await using recorded = recordedService({ messages, worker: false });
  const { push, backend, clock } = recorded;
  backend.answer = () => {
    isAway = true;
    return undefined;
  };
  await Promise.all(Array.from({ length: 50 }, () => push.send({ event: 'hello', channels: 'a' })));
  expect(await push.messages.count({ state: 'SENDING' })).toBe(50);
  await clock.advance(1_500);
  isAway = false;
  await clock.advance(3_000);
  expect(await push.messages.count({ state: 'SENT' })).toBe(50);
});

it('writes down what the other messages came to, when the store does not take it of one', async () => {
  const memory = memoryMessages();
  let isAway = true;
  const settle: MessageStore['settle'] = async (settlements, now) => {
    if (isAway) throw lost;
    if (settlements.some(({ reason }) => reason === 'odd')) throw new ValidationError('The store takes no such text.');
    return memory.settle(settlements, now);
  };
  const messages = replaced(memory, (method) => (method === 'settle' ? settle : undefined));
  await using recorded = recordedService({ messages, worker: false });
  const { push, backend, clock } = recorded;
  backend.answer = (_, index) => (index === 3 ? { skipped: 'odd' } : undefined);
  for (let sent = 0; sent < 6; sent++) await push.send({ event: 'hello', channels: 'a' });
  isAway = false;
  await clock.advance(5_000);
  expect(await push.messages.count({ state: 'SENT' })).toBe(5);
});

it('keeps no more than 10 000 results for a store that is away, and lets go of the oldest messages', async () => {
  const memory = memoryMessages();
  let renewed = 0;
  const renew: MessageStore['renew'] = async (lease, ids, now) => {
    renewed += ids.length;
    return memory.renew(lease, ids, now);
  };
  const messages = replaced(memory, (method) => {
    if (method === 'renew') return renew;
    return method === 'settle' ? () => Promise.reject(lost) : undefined;
  });
  await using recorded = recordedService({ messages, worker: false, closeTimeout: 100 });
  const { push, clock } = recorded;
  const thousand = Array.from({ length: 1_000 }, () => ({ event: 'hello', channels: 'a' }));
  for (let sent = 0; sent < 12; sent++) await push.sendMany(thousand);
  await clock.advance(10_000);
  expect(renewed).toBe(10_000);
});
