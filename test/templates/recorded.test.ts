import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeliveryError, type MemorySessions, type MessageRecord } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { sqliteMessages } from '../../src/messages/sqlite/index.js';
import type { RecordedService } from '../recording/recorded-service.js';
import { failureOf } from '../support/failure-of.js';
import { templateService, welcome } from './services.js';

const MINUTE = 60_000;
const down = new DeliveryError('the provider is down', { outcome: 'rejected', retryable: true, status: 503 });

async function skippedOf({ push }: RecordedService, recipient: string): Promise<readonly MessageRecord[]> {
  return (await push.messages.find({ recipient, state: 'SKIPPED' })).messages;
}

describe('the record of a template', () => {
  it('names slug and version, also when the template was saved anew and removed', async () => {
    await using t = await templateService();
    await t.push.templates.save({ slug: 'welcome', ...welcome });
    await t.push.templates.save({ slug: 'welcome', ...welcome, title: 'Good day {{ name }}' });
    const report = await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' } });
    await t.push.templates.save({ slug: 'welcome', title: 'Third' });
    await t.push.templates.remove('welcome');
    expect(await t.push.messages.get(report?.id ?? '')).toMatchObject({
      template: { slug: 'welcome', version: 2 },
      notification: { title: 'Good day Ann' },
      data: { name: 'Ann' },
    });
  });

  it('has version 0 when the template stands in code', async () => {
    await using t = await templateService();
    t.push.template('welcome', welcome);
    const report = await t.push.sendTemplate({ slug: 'welcome', channels: 'a', context: { name: 'Ann' } });
    expect(await t.push.messages.get(report?.id ?? '')).toMatchObject({ template: { slug: 'welcome', version: 0 } });
  });

  it('is rendered once: a delay and a retry send what was rendered then', async () => {
    await using t = await templateService();
    const context = { name: 'Ann' };
    await t.push.templates.save({ slug: 'welcome', ...welcome });
    const report = await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context, delay: '1m' });
    expect(report).toMatchObject({ status: 'waiting' });
    context.name = 'Somebody else';
    await t.push.templates.save({ slug: 'welcome', title: 'Other' });
    t.backend.answer = () => Promise.reject(down);
    await t.clock.advance(2 * MINUTE);
    t.backend.answer = () => undefined;
    await t.clock.advance(2 * MINUTE);
    expect(t.backend.requests.map(({ message }) => message.notification)).toEqual([
      { title: 'Hello Ann' },
      { title: 'Hello Ann' },
    ]);
    expect(await t.push.messages.get(report?.id ?? '')).toMatchObject({ state: 'SENT', attempts: 2 });
  });

  it('records nothing when anything is wrong', async () => {
    await using t = await templateService();
    await t.push.templates.save({ slug: 'welcome', ...welcome });
    const failing: object[] = [
      { context: {} },
      { context: { name: 'x' }, delay: 'soon' },
      { context: { name: 'x' }, locale: 'de_AT' },
      { context: { name: 'x' }, tag: '' },
      { context: { name: 'x' }, notification: { title: 7 } },
    ];
    for (const options of failing)
      await expect(
        t.push.sendTemplate({ slug: 'welcome', users: 'ann', ...options } as never),
        JSON.stringify(options),
      ).rejects.toMatchObject({ code: 'VALIDATION' });
    expect(await t.push.messages.count()).toBe(0);
    expect(t.backend.requests).toHaveLength(0);
  });

  it('is none with record: false, which sends the stored texts all the same', async () => {
    await using t = await templateService();
    t.push.template('welcome', { canSend: (user) => user !== 'bob' });
    await t.push.templates.save({ slug: 'welcome', ...welcome });
    const report = await t.push.sendTemplate({
      slug: 'welcome',
      users: ['ann', 'bob'],
      context: { name: 'Ann' },
      record: false,
    });
    expect(report).toMatchObject({ accepted: ['of-ann'], skippedUsers: ['bob'] });
    expect(await t.push.messages.count()).toBe(0);
  });
});

describe('canSend with a message store', () => {
  const choosy = { ...welcome, canSend: (user: unknown) => user !== 'bob' && user !== 'cleo' };

  it('records the users whom it refuses as SKIPPED, with the reason canSend, and sends them nothing', async () => {
    await using t = await templateService();
    t.push.template('welcome', choosy);
    const report = await t.push.sendTemplate({
      slug: 'welcome',
      users: ['ann', 'bob', 'cleo'],
      context: { name: 'you' },
      tag: 'greeting',
    });
    expect(report).toMatchObject({ status: 'accepted', accepted: ['of-ann'], skippedUsers: ['bob', 'cleo'] });
    expect(t.backend.sent).toEqual([['of-ann']]);
    const [skipped, ...others] = await skippedOf(t, 'bob');
    expect(others).toEqual([]);
    expect(skipped).toMatchObject({
      state: 'SKIPPED',
      reason: 'canSend',
      recipients: { users: ['bob', 'cleo'] },
      template: { slug: 'welcome', version: 0 },
      notification: { title: 'Hello you' },
      tag: 'greeting',
      attempts: 0,
    });
    expect(await t.push.messages.get(report?.id ?? '')).toMatchObject({
      state: 'SENT',
      recipients: { users: ['ann'] },
    });
    expect(await t.push.messages.unreadCount('bob')).toBe(0);
    expect((await t.push.messages.unread('bob')).messages).toEqual([]);
    expect(await t.push.messages.unreadCount('ann')).toBe(1);
    expect(t.events).toEqual(expect.arrayContaining(['skipped welcome', 'sent welcome']));
    expect(await t.push.messages.count()).toBe(2);
  });

  it('records them at once where the message itself is for later', async () => {
    await using t = await templateService();
    t.push.template('welcome', choosy);
    const report = await t.push.sendTemplate({
      slug: 'welcome',
      users: ['ann', 'bob'],
      context: { name: 'you' },
      delay: '1h',
      expires: '2h',
      when: 'unread',
    });
    expect(report).toMatchObject({ status: 'waiting', skippedUsers: ['bob'] });
    expect(await skippedOf(t, 'bob')).toMatchObject([{ condition: undefined, expiresAt: undefined }]);
    expect(await t.push.messages.count({ state: 'WAITING' })).toBe(1);
  });

  it('records nothing when nobody is left', async () => {
    await using t = await templateService();
    t.push.template('welcome', { ...welcome, canSend: () => false });
    expect(await t.push.sendTemplate({ slug: 'welcome', users: ['ann'], context: { name: 'x' } })).toBeNull();
    expect(await t.push.messages.count()).toBe(0);
  });

  it('does not hide that the message itself failed for good', async () => {
    await using t = await templateService({ recording: { retryDelays: [] } });
    t.push.template('welcome', choosy);
    t.backend.answer = () => Promise.reject(down);
    const failure = await failureOf(
      DeliveryError,
      t.push.sendTemplate({ slug: 'welcome', users: ['ann', 'bob'], context: { name: 'x' } }),
    );
    expect(failure.message).toContain('the provider is down');
    expect(failure.reports).toHaveLength(1);
    expect(await skippedOf(t, 'bob')).toHaveLength(1);
  });

  it('can be overruled by hand: messages.retry sends what was skipped', async () => {
    await using t = await templateService();
    t.push.template('welcome', choosy);
    await t.push.sendTemplate({ slug: 'welcome', users: ['ann', 'bob'], context: { name: 'you' } });
    const [skipped] = await skippedOf(t, 'bob');
    expect(await t.push.messages.retry(skipped?.id ?? '')).toBe(true);
    await t.clock.advance(1_000);
    expect(t.backend.sent).toEqual([['of-ann'], ['of-bob']]);
    expect(t.backend.requests[1]?.message.notification).toEqual({ title: 'Hello you' });
    expect(await t.push.messages.get(skipped?.id ?? '')).toMatchObject({ state: 'SENT', attempts: 1 });
  });

  it.each([
    ['memory', () => memoryMessages()],
    ['sqlite', (directory: string) => sqliteMessages({ file: join(directory, 'push.db') })],
  ])('stays overruled until it is sent, whatever goes wrong on the way, in %s', async (_, storeOf) => {
    const directory = mkdtempSync(join(tmpdir(), 'pushrail-templates-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    await using t = await templateService({ recording: { retryDelays: ['1m', '1m'] } }, storeOf(directory));
    t.push.template('welcome', choosy);
    await t.push.sendTemplate({ slug: 'welcome', users: ['ann', 'bob'], context: { name: 'you' } });
    const [{ id = '' } = {}] = await skippedOf(t, 'bob');
    const retried = async (wait = 1_000): Promise<MessageRecord | undefined> => {
      expect(await t.push.messages.retry(id)).toBe(true);
      await t.clock.advance(wait);
      return t.push.messages.get(id);
    };
    // Nobody is there.
    const sessions = t.push.sessions as MemorySessions;
    await sessions.remove('bob', 'of-bob');
    expect(await retried()).toMatchObject({ state: 'SKIPPED', reason: 'unreachable' });
    await sessions.add('bob', 'of-bob');
    // The provider refuses, first for now, then for good.
    const refusal = new DeliveryError('not now', { outcome: 'rejected', retryable: true, status: 429 });
    t.backend.answer = () => Promise.reject(refusal);
    expect(await retried()).toMatchObject({ state: 'ERROR_RETRY' });
    await t.clock.advance(2 * MINUTE);
    expect(await t.push.messages.get(id)).toMatchObject({ state: 'ERROR' });
    // The provider is away, for long.
    t.backend.answer = () => Promise.reject(down);
    await retried();
    t.backend.answer = () => undefined;
    expect(await retried(30 * MINUTE)).toMatchObject({ state: 'SENT', reason: undefined });
    expect(t.backend.sent.at(-1)).toEqual(['of-bob']);
  });

  it('refuses a message, too, that could not be read before it was skipped', async () => {
    let hasKey = true;
    const unseal = (text: string): string => {
      if (!hasKey) throw new Error('no key');
      return text;
    };
    const store = memoryMessages();
    await using t = await templateService({ recording: { seal: (text) => text, unseal, retryDelays: ['1m'] } }, store);
    t.push.template('welcome', choosy);
    await t.push.sendTemplate({ slug: 'welcome', users: ['ann', 'bob'], context: { name: 'you' } });
    const [{ id = '', service = '' } = {}] = await skippedOf(t, 'bob');
    // As another process records it that dies before it skips it.
    const [{ content = '', details = '' } = {}] = await store.get(service, [id]);
    const again = { id: randomUUID(), service, content, details, event: 'welcome', recipients: { users: ['bob'] } };
    hasKey = false;
    await store.insert([{ ...again, priority: 'normal', relatedTo: [], sendAfter: { inMs: 0 } }], {
      now: t.clock.now(),
    });
    await t.clock.advance(2_000);
    expect(await store.get(service, [again.id])).toMatchObject([{ state: 'ERROR_RETRY', attempts: 1 }]);
    hasKey = true;
    await t.clock.advance(2 * MINUTE);
    expect(await t.push.messages.get(again.id)).toMatchObject({ state: 'SKIPPED', reason: 'canSend' });
    expect(t.backend.sent).toEqual([['of-ann']]);
  });

  it('skips also where a provider is away, and where this process does not send', async () => {
    await using t = await templateService({ worker: false });
    t.push.template('welcome', choosy);
    const users = ['ann', 'bob'];
    await t.push.sendTemplate({ slug: 'welcome', users, context: { name: 'you' }, wait: false });
    expect(await skippedOf(t, 'bob')).toHaveLength(1);
    expect(await t.push.messages.count({ state: 'WAITING', recipient: 'ann' })).toBe(1);
    expect(t.backend.requests).toHaveLength(0);
  });

  it('goes with a transaction of the caller: what is rolled back skips nobody', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pushrail-templates-'));
    const file = join(directory, 'push.db');
    const database = new DatabaseSync(file);
    try {
      await using t = await templateService({}, sqliteMessages({ file }));
      await t.push.ready();
      t.push.template('welcome', choosy);
      const call = { slug: 'welcome', users: ['ann', 'bob'], context: { name: 'you' } };
      for (const end of ['ROLLBACK', 'COMMIT']) {
        database.exec('BEGIN IMMEDIATE');
        const report = await t.push.sendTemplate({ ...call, transaction: database });
        expect(report).toMatchObject({ status: 'waiting', skippedUsers: ['bob'] });
        database.exec(end);
        t.push.wake();
        const states = async (): Promise<readonly string[]> =>
          (await t.push.messages.find()).messages.map(({ state, recipients }) => `${state} ${recipients.users}`).sort();
        if (end === 'ROLLBACK') expect(await states()).toEqual([]);
        else await expect.poll(states).toEqual(['SENT ann', 'SKIPPED bob']);
      }
      expect(t.backend.sent).toEqual([['of-ann']]);
    } finally {
      database.close();
      rmSync(directory, { recursive: true });
    }
  });

  it('records each once when the same call with an idempotencyKey comes again', async () => {
    await using t = await templateService();
    t.push.template('welcome', choosy);
    const call = { slug: 'welcome', users: ['ann', 'bob'], context: { name: 'you' }, idempotencyKey: 'order:42' };
    const first = await t.push.sendTemplate(call);
    const second = await t.push.sendTemplate(call);
    expect(second?.id).toBe(first?.id);
    expect(t.backend.requests).toHaveLength(1);
    expect(await t.push.messages.count()).toBe(2);
    expect(await t.push.messages.get(first?.id ?? '')).toMatchObject({ idempotencyKey: 'order:42' });
  });
});
