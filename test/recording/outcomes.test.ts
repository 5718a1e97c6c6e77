import { describe, expect, it } from 'vitest';
import { DeliveryError, type SessionAdapter } from '../../src/index.js';
import { recordedService } from './recorded-service.js';

const MINUTE = 60_000;

/** Sessions whose channels the test sets. */
function sessionsOf(channels: string[]): SessionAdapter {
  return { channelsFor: async (users) => users.map(() => [...channels]) };
}

describe('what became of a channel', () => {
  it('stays unknown when its session ends before the next try', async () => {
    const channels = ['tab'];
    await using recorded = recordedService({ sessions: sessionsOf(channels) });
    const { push, backend, clock } = recorded;
    backend.answer = () => {
      throw new DeliveryError('no answer', { outcome: 'unknown', retryable: true });
    };
    const { id } = await push.send({ event: 'hello', users: 'ann' });
    channels.pop();
    await clock.advance(2 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR',
      error: { message: 'no answer', outcome: 'unknown' },
      channels: [{ state: 'unknown', channels: ['tab'], users: ['ann'] }],
    });
  });

  it('is told by the error of a message whose last try had nothing to do', async () => {
    const channels = ['phone', 'tab'];
    await using recorded = recordedService({ sessions: sessionsOf(channels) });
    const { push, backend, clock } = recorded;
    backend.answer = ({ channels: [channel] }) => {
      throw new DeliveryError(`refused ${channel}`, { outcome: 'rejected', retryable: channel === 'tab' });
    };
    const { id } = await push.send({ event: 'hello', users: 'ann' });
    channels.pop();
    await clock.advance(2 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR', error: { message: 'refused phone' } });
  });
});

describe('a retry by hand', () => {
  it('tries again what was refused for good, also when the process ends before', async () => {
    let isAway = false;
    const sessions: SessionAdapter = {
      channelsFor: async (users) => {
        if (isAway) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        return users.map(() => ['a', 'b']);
      },
    };
    await using recorded = recordedService({ sessions });
    const { push, backend, clock } = recorded;
    let isRefused = true;
    backend.answer = () => {
      if (isRefused) throw new DeliveryError('refused', { outcome: 'rejected' });
    };
    const { id } = await push.send({ event: 'hello', users: 'ann', delay: '1s' });
    await clock.advance(2_000);
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR' });
    isRefused = false;
    isAway = true;
    await push.messages.retry(id);
    await clock.advance(2_000);
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR_RETRY' });
    isAway = false;
    await clock.advance(70 * MINUTE);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
  });
});

it('a session adapter that throws is asked again later, and nothing is lost', async () => {
  let isAway = true;
  const sessions: SessionAdapter = {
    channelsFor: async (users) => {
      if (isAway) throw new Error('the table of sessions is locked');
      return users.map(() => ['a']);
    },
  };
  await using recorded = recordedService({ sessions });
  const { push, backend, clock } = recorded;
  const { id, status } = await push.send({ event: 'hello', users: 'ann' });
  expect(status).toBe('waiting');
  isAway = false;
  await clock.advance(2 * MINUTE);
  expect(backend.sent).toEqual([['a']]);
  expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
});

it('a session adapter that throws for one user lets the messages to others be sent', async () => {
  const sessions: SessionAdapter = {
    channelsFor: async (users) => {
      if (users.includes('odd')) throw new Error('no such user: odd');
      return users.map((user) => [`of-${user}`]);
    },
  };
  await using recorded = recordedService({ sessions });
  const { push, backend, clock, events } = recorded;
  for (const users of ['ann', 'odd', 'bob']) await push.send({ event: users, users, delay: '1s' });
  await clock.advance(2_000);
  expect(backend.sent.flat()).toEqual(expect.arrayContaining(['of-ann', 'of-bob']));
  expect(events).toContain('retrying odd');
  expect(events).not.toContain('retrying ann');
});

it('a user who reads a message while it is being sent changes the report of nobody else', async () => {
  await using recorded = recordedService({
    sessions: { channelsFor: async (users) => users.map((user) => [`of-${user}`]) },
  });
  const { push, backend, store } = recorded;
  const { readers } = store;
  store.readers = async (ids) => {
    await push.messages.markRead({ user: 'ann', tag: 'chat' });
    return Reflect.apply(readers, store, [ids]);
  };
  const report = await push.send({ event: 'hello', users: ['ann', 'bob'], tag: 'chat', when: 'unread' });
  expect(backend.sent).toEqual([['of-bob']]);
  expect(report).toMatchObject({ status: 'accepted', accepted: ['of-bob'] });
});
