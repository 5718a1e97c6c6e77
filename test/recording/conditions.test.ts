import { describe, expect, it } from 'vitest';
import { ConfigurationError, type MessageRecord } from '../../src/index.js';
import { recordedService } from './recorded-service.js';

const MINUTE = 60_000;

describe('a condition', () => {
  it('is asked when the message is due, with the record and its arguments', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    const asked: [MessageRecord, unknown][] = [];
    push.condition('unpaid', (message, args) => {
      asked.push([message, args]);
      return (args as { invoice: number }).invoice === 42;
    });
    await push.send({ event: 'yes', channels: 'a', delay: '1m', when: { name: 'unpaid', args: { invoice: 42 } } });
    const { id } = await push.send({ event: 'no', channels: 'a', when: { name: 'unpaid', args: { invoice: 43 } } });
    expect(asked.map(([{ event }]) => event)).toEqual(['no']);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SKIPPED', reason: 'condition' });
    await clock.advance(2 * MINUTE);
    expect(asked[1]).toMatchObject([
      { event: 'yes', condition: { name: 'unpaid', args: { invoice: 42 } } },
      { invoice: 42 },
    ]);
    expect(backend.requests.map(({ message }) => message.event)).toEqual(['yes']);
  });

  it('that throws is asked again, and the message is never sent unasked', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    push.condition('broken', () => {
      throw new Error('no database');
    });
    const { id, status } = await push.send({ event: 'hello', channels: 'a', when: 'broken' });
    expect(status).toBe('waiting');
    await clock.advance(200 * MINUTE);
    expect(backend.requests).toHaveLength(0);
    expect(await push.messages.get(id)).toMatchObject({
      state: 'ERROR',
      attempts: 3,
      error: { message: 'The condition "broken" failed, so nothing was sent: no database' },
    });
  });

  it('that does not answer in time is asked again', async () => {
    await using recorded = recordedService({ timeout: 30 });
    const { push, backend } = recorded;
    push.condition('slow', () => new Promise<boolean>(() => {}));
    const { id } = await push.send({ event: 'hello', channels: 'a', when: 'slow' });
    expect(await push.messages.get(id)).toMatchObject({ state: 'ERROR_RETRY', error: { code: 'TIMEOUT' } });
    expect(backend.requests).toHaveLength(0);
  });

  it('that no worker knows leaves its messages where they are, and is warned about once', async () => {
    await using recorded = recordedService();
    const { push, backend, clock, logger } = recorded;
    await push.send({ event: 'hello', channels: 'a', delay: '1s', when: 'elsewhere' });
    await clock.advance(10 * MINUTE);
    expect(backend.requests).toHaveLength(0);
    const { id, status } = await push.send({ event: 'now', channels: 'b', when: 'elsewhere' });
    expect(status).toBe('waiting');
    expect(await push.messages.get(id)).toMatchObject({ state: 'WAITING', attempts: 0 });
    expect(await push.messages.count({ state: 'WAITING' })).toBe(2);
    const warnings = logger.entries.filter(({ text }) => text.includes('"elsewhere"'));
    expect(warnings).toMatchObject([{ level: 'warn', details: { condition: 'elsewhere' } }]);
    push.condition('elsewhere', () => true);
    await clock.advance(1_000);
    expect(backend.requests).toHaveLength(2);
  });

  it('has a name of its own', async () => {
    await using recorded = recordedService();
    const { push } = recorded;
    push.condition('mine', () => true);
    expect(() => push.condition('mine', () => true)).toThrow(ConfigurationError);
    expect(() => push.condition('unread', () => true)).toThrow(
      'The condition "unread" is built in: take another name.',
    );
    push.condition('mine', () => false, { replace: true });
    const { status } = await push.send({ event: 'hello', channels: 'a', when: 'mine' });
    expect(status).toBe('skipped');
  });
});

describe('unread', () => {
  it('sends only to the users who have not read the message', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    const sessions = push.sessions as unknown as { add(user: string, channel: string): Promise<unknown> };
    for (const user of ['ann', 'bob', 'cid']) await sessions.add(user, `of-${user}`);
    const { id } = await push.send({ event: 'hello', users: ['ann', 'bob', 'cid'], delay: '1m', when: 'unread' });
    expect(await push.messages.markRead({ user: 'bob', id })).toBe(1);
    expect(await push.messages.markRead({ user: 'bob', id })).toBe(0);
    await clock.advance(2 * MINUTE);
    expect(backend.sent.flat().sort()).toEqual(['of-ann', 'of-cid']);
    expect(await push.messages.get(id)).toMatchObject({
      state: 'SENT',
      recipients: { users: ['ann', 'bob', 'cid'] },
      channels: [{ state: 'accepted', users: ['ann', 'cid'] }],
    });
    expect(recorded.events).toEqual(['recorded hello', 'sent hello']);
  });

  it('skips the message when all have read it', async () => {
    await using recorded = recordedService();
    const { push, backend, clock } = recorded;
    const { id } = await push.send({
      event: 'hello',
      users: ['ann', { id: 'bob' }],
      delay: '1m',
      when: 'unread',
      relatedTo: { type: 'chat', id: 7 },
    });
    await push.messages.markRead({ user: 'ann', id });
    await push.messages.markRead({ user: { id: 'bob' }, relatedTo: { type: 'chat', id: 7 } });
    await clock.advance(2 * MINUTE);
    expect(backend.requests).toHaveLength(0);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SKIPPED', reason: 'read' });
  });

  it('is counted and listed for each user', async () => {
    await using recorded = recordedService();
    const { push } = recorded;
    for (const event of ['one', 'two', 'three']) {
      await push.send({ event, users: 'ann', tag: 'chat' });
      await recorded.clock.advance(1);
    }
    expect(await push.messages.unreadCount('ann')).toBe(3);
    const first = await push.messages.unread('ann', { limit: 2 });
    expect(first.messages.map(({ event }) => event)).toEqual(['three', 'two']);
    const second = await push.messages.unread('ann', { limit: 2, cursor: first.cursor });
    expect(second).toMatchObject({ messages: [{ event: 'one' }], cursor: undefined });
    expect(await push.messages.markRead({ user: 'ann', tag: 'chat' })).toBe(3);
    expect(await push.messages.unreadCount('ann')).toBe(0);
  });
});
