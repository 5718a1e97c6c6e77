import { describe, expect, it } from 'vitest';
import { createPushService } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { memorySessions } from '../../src/sessions/memory.js';
import { userChannels } from '../../src/sessions/user-channels.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { type RecordedService, recordedService } from './recorded-service.js';

const MINUTE = 60_000;

/** A service that knows the sessions of two users. */
async function withUsers(): Promise<RecordedService> {
  const sessions = memorySessions();
  for (const user of ['ann', 'ben']) await sessions.add(user, `of-${user}`);
  return recordedService({ sessions });
}

describe('django-notifs', () => {
  it('notify(countdown=1800) is delay: sent after that time, and not before', async () => {
    await using recorded = await withUsers();
    const { push, backend, clock } = recorded;
    const { status } = await push.send({ event: 'sent', users: 'ann', delay: '30m' });
    expect(status).toBe('waiting');
    await clock.advance(30 * MINUTE - 1);
    expect(backend.requests).toHaveLength(0);
    await clock.advance(1_001);
    expect(backend.sent).toEqual([['of-ann']]);
  });

  it('a tentative notification asks its condition when it is due, and not when it is recorded', async () => {
    await using recorded = await withUsers();
    const { push, backend, clock } = recorded;
    let isOnline = true;
    push.condition('away', () => !isOnline);
    const first = await push.send({ event: 'reminder', users: 'ann', delay: '30m', when: 'away' });
    const second = await push.send({ event: 'reminder', users: 'ann', delay: '60m', when: 'away' });
    await clock.advance(40 * MINUTE);
    isOnline = false;
    await clock.advance(40 * MINUTE);
    expect(await push.messages.get(first.id)).toMatchObject({ state: 'SKIPPED', reason: 'condition' });
    expect(await push.messages.get(second.id)).toMatchObject({ state: 'SENT' });
    expect(backend.requests).toHaveLength(1);
  });

  it('a tentative notification that looks whether its row was read is when: unread', async () => {
    await using recorded = await withUsers();
    const { push, backend, clock } = recorded;
    const { id } = await push.send({ event: 'reminder', users: ['ann', 'ben'], delay: '30m', when: 'unread' });
    await push.messages.markRead({ user: 'ann', id });
    await clock.advance(31 * MINUTE);
    expect(backend.sent).toEqual([['of-ben']]);
    expect(await push.messages.get(id)).toMatchObject({ state: 'SENT' });
  });

  it('a provider that returns without sending skips the message, with its words', async () => {
    await using recorded = await withUsers();
    const { push, backend } = recorded;
    backend.answer = () => ({ skipped: 'already read' });
    const { id, status, accepted, rejected, skipped } = await push.send({ event: 'reminder', users: 'ann' });
    expect({ status, accepted, rejected, skipped }).toEqual({
      status: 'skipped',
      accepted: [],
      rejected: [],
      skipped: [{ channel: 'of-ann', reason: 'already read' }],
    });
    expect(await push.messages.get(id)).toMatchObject({
      state: 'SKIPPED',
      reason: 'already read',
      channels: [{ state: 'skipped', channels: ['of-ann'], users: ['ann'], reason: 'already read' }],
    });
    expect(recorded.events).toEqual(['recorded reminder', 'skipped reminder']);
  });

  it('silent=True is record: false: sent, and in no table', async () => {
    await using recorded = await withUsers();
    const { push, backend } = recorded;
    const { status } = await push.send({ event: 'typing', users: 'ann', record: false });
    expect(status).toBe('accepted');
    expect(backend.sent).toEqual([['of-ann']]);
    expect(await push.messages.count()).toBe(0);
    expect(recorded.events).toEqual([]);
  });

  it('read(notify_id, recipient) is markRead: for that user alone, and told once', async () => {
    await using recorded = await withUsers();
    const { push } = recorded;
    const { id } = await push.send({ event: 'sent', users: ['ann', 'ben'], data: { text: 'hi' } });
    expect(await push.messages.markRead({ user: 'ann', id })).toBe(1);
    expect(await push.messages.markRead({ user: 'ann', id })).toBe(0);
    // Whom the message is not for has nothing to read.
    expect(await push.messages.markRead({ user: 'eve', id })).toBe(0);
    expect([await push.messages.unreadCount('ann'), await push.messages.unreadCount('ben')]).toEqual([0, 1]);
  });

  it('objects.all_unread() is messages.unread(user), the newest first, also for who had no page open', async () => {
    await using recorded = await withUsers();
    const { push, clock } = recorded;
    for (const event of ['one', 'two']) {
      await push.send({ event, users: 'cid', data: { event }, tag: 'chat', relatedTo: { type: 'room', id: 1 } });
      await clock.advance(1);
    }
    const { messages } = await push.messages.unread('cid');
    expect(messages).toMatchObject([
      { event: 'two', data: { event: 'two' }, state: 'SKIPPED', reason: 'unreachable' },
      { event: 'one', data: { event: 'one' } },
    ]);
    expect(await push.messages.markRead({ user: 'cid', relatedTo: { type: 'room', id: 1 } })).toBe(2);
    expect((await push.messages.unread('cid')).messages).toEqual([]);
  });

  it("notify(channels=['console', 'websocket']) is via: the choice of channels by message", async () => {
    const printed: string[] = [];
    const live = new RecordingBackend();
    await using push = createPushService({
      backends: {
        console: { backend: 'console', options: { stream: { write: (text: string) => printed.push(text) } } },
        websocket: live,
      },
      sessions: userChannels(),
      messages: memoryMessages(),
    });
    await push.send({ event: 'sent', users: 'danidee', data: 1, via: ['websocket'] });
    expect([printed, live.sent]).toEqual([[], [['danidee']]]);
    const { id } = await push.send({ event: 'sent', users: 'danidee', data: 2, via: ['console', 'websocket'] });
    expect(printed).toEqual(['[push] danidee  sent  2\n']);
    expect(live.sent).toEqual([['danidee'], ['danidee']]);
    const record = await push.messages.get(id);
    expect(record?.channels.map(({ backend, channels }) => [backend, channels])).toEqual([
      ['console', ['danidee']],
      ['websocket', ['danidee']],
    ]);
  });

  it('chooses alike for what the worker sends later', async () => {
    const printed: string[] = [];
    const live = new RecordingBackend();
    await using push = createPushService({
      backends: {
        console: { backend: 'console', options: { stream: { write: (text: string) => printed.push(text) } } },
        websocket: live,
      },
      sessions: userChannels(),
      routes: (user) => (user === 'danidee' ? ['console', 'websocket'] : 'console'),
      messages: memoryMessages(),
    });
    for (const via of [['websocket'], undefined]) {
      const sent = new Promise((resolve) => push.once('sent', resolve));
      await push.send({ event: 'sent', users: 'danidee', data: 1, wait: false, ...(via && { via: ['websocket'] }) });
      await sent;
    }
    expect(printed).toEqual(['[push] danidee  sent  1\n']);
    expect(live.sent).toEqual([['danidee'], ['danidee']]);
  });
});
