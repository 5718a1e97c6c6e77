import { describe, expect, it } from 'vitest';
import { createPushService, memorySessions, PushError, TimeoutError, ValidationError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { templateService } from './services.js';

const languages: Readonly<Record<string, string>> = { ann: 'de-AT', bob: 'de', cleo: 'fr' };
const greeting = { title: 'Hello {{ name }}', locales: { de: { title: 'Hallo {{ name }}' } } };

describe('a context or a locale of each user', () => {
  it('makes a message of each different rendering, for all users whom it is for', async () => {
    await using t = await templateService();
    t.push.template('digest', { event: 'digest', body: '{{ count }} new', data: { count: '{{ count }}' } });
    const counts: Readonly<Record<string, number>> = { ann: 2, bob: 7, cleo: 2 };
    const reports = await t.push.sendTemplate({
      slug: 'digest',
      users: ['ann', 'bob', 'cleo'],
      context: async (user: string) => ({ count: counts[user] }),
    });
    expect(reports).toMatchObject([
      { event: 'digest', accepted: ['of-ann', 'of-cleo'] },
      { event: 'digest', accepted: ['of-bob'] },
    ]);
    expect(t.backend.requests.map(({ channels, message }) => [channels, message.data])).toEqual([
      [['of-ann', 'of-cleo'], { count: 2 }],
      [['of-bob'], { count: 7 }],
    ]);
    const { messages } = await t.push.messages.find();
    expect(messages.map(({ recipients, template }) => [recipients.users, template])).toEqual([
      [['bob'], { slug: 'digest', version: 0 }],
      [['ann', 'cleo'], { slug: 'digest', version: 0 }],
    ]);
  });

  it('takes the locale of each user, and says that of the texts which were chosen', async () => {
    await using t = await templateService();
    t.push.template('greeting', greeting);
    const reports = await t.push.sendTemplate({
      slug: 'greeting',
      users: ['ann', 'bob', 'cleo'],
      context: { name: 'you' },
      locale: (user: string) => languages[user],
    });
    expect(reports?.map(({ accepted }) => accepted)).toEqual([['of-ann', 'of-bob'], ['of-cleo']]);
    expect(t.backend.requests.map(({ message }) => message.notification)).toEqual([
      { title: 'Hallo you', locale: 'de' },
      { title: 'Hello you' },
    ]);
  });

  it('asks canSend with the context of each user, and names who is skipped in the first report', async () => {
    await using t = await templateService();
    t.push.template('greeting', {
      ...greeting,
      canSend: (_user: string, { name }: { name: string }) => name !== 'BOB',
    });
    const reports = await t.push.sendTemplate({
      slug: 'greeting',
      users: ['ann', 'bob', 'cleo'],
      context: (user: string) => ({ name: user.toUpperCase() }),
    });
    expect(reports).toMatchObject([{ accepted: ['of-ann'], skippedUsers: ['bob'] }, { accepted: ['of-cleo'] }]);
    expect(await t.push.messages.find({ recipient: 'bob' })).toMatchObject({
      messages: [{ state: 'SKIPPED', reason: 'canSend', notification: undefined, data: {} }],
    });
    t.push.template('greeting', { ...greeting, canSend: () => false }, { replace: true });
    expect(await t.push.sendTemplate({ slug: 'greeting', users: ['ann'], context: () => ({ name: 'x' }) })).toBeNull();
  });

  it('renders nothing for users whom canSend refuses, so that nothing of theirs fails', async () => {
    await using t = await templateService();
    t.push.template('greeting', { ...greeting, canSend: (user: string) => user === 'ann' });
    const reports = await t.push.sendTemplate({
      slug: 'greeting',
      users: ['ann', 'bob', 'cleo'],
      context: (user: string) => (user === 'ann' ? { name: 'Ann' } : {}) as { name: string },
      locale: (user: string) => (user === 'ann' ? 'de' : expect.fail('nobody reads it')),
      notification: { url: '/start' },
      backendOptions: { campaign: 'x' },
    });
    expect(reports).toMatchObject([{ accepted: ['of-ann'], skippedUsers: ['bob', 'cleo'] }]);
    const { messages } = await t.push.messages.find({ state: 'SKIPPED' });
    expect(messages).toMatchObject([
      { reason: 'canSend', recipients: { users: ['bob', 'cleo'] }, notification: undefined, data: {} },
    ]);
    // There is nothing to send.
    expect(await t.push.messages.retry(messages[0]?.id ?? '')).toBe(false);
    expect(await t.push.messages.count({ state: 'SKIPPED' })).toBe(1);
  });

  it('gives each user a message of their own where the call has an idempotencyKey, whoever else it is for', async () => {
    await using t = await templateService();
    t.push.template('greeting', { ...greeting, canSend: (user: string) => user !== 'cleo' });
    const call = { slug: 'greeting', context: () => ({ name: 'you' }), idempotencyKey: 'order:42' };
    const first = await t.push.sendTemplate({ ...call, users: ['ann', 'cleo', 'ann'] });
    const second = await t.push.sendTemplate({ ...call, users: ['cleo', 'bob', 'ann'] });
    expect(second?.map(({ accepted }) => accepted)).toEqual([['of-bob'], ['of-ann']]);
    expect(second?.[1]?.id).toBe(first?.[0]?.id);
    expect(t.backend.sent.flat()).toEqual(['of-ann', 'of-bob']);
    expect(await t.push.messages.count({ state: 'SKIPPED' })).toBe(1);
  });

  it('refuses other contents for a user under the same idempotencyKey, as send and sendMany do', async () => {
    await using t = await templateService();
    t.push.template('greeting', greeting);
    const call = { slug: 'greeting', users: ['ann', 'bob'], idempotencyKey: 'order:42' };
    await t.push.sendTemplate({ ...call, context: (user: string) => ({ name: user }) });
    const context = (user: string): object => ({ name: user === 'bob' ? 'Robert' : user });
    const reports = await t.push.sendTemplate({ ...call, context });
    expect(reports).toMatchObject([{ status: 'accepted' }, { status: 'rejected', accepted: [] }]);
    const failure = await failureOf(ValidationError, t.push.sendTemplate({ ...call, users: 'bob', context }));
    expect(failure.message).toContain('belongs to another message');
    expect(t.backend.sent).toEqual([['of-ann'], ['of-bob']]);
    expect(await t.push.messages.count()).toBe(2);
  });

  it('gives each message a key of its own where the call has an idempotencyKey', async () => {
    await using t = await templateService();
    t.push.template('greeting', greeting);
    const call = {
      slug: 'greeting',
      users: ['ann', 'bob'],
      context: (user: string) => ({ name: user }),
      idempotencyKey: 'k'.repeat(255),
    };
    const first = await t.push.sendTemplate(call);
    const second = await t.push.sendTemplate(call);
    expect(first).toHaveLength(2);
    expect(second?.map(({ id }) => id)).toEqual(first?.map(({ id }) => id));
    expect(await t.push.messages.count()).toBe(2);
  });

  it('sends and records nothing when one of them fails', async () => {
    await using t = await templateService({ timeout: 20 });
    t.push.template('greeting', greeting);
    const contexts: [
      context: (user: string) => unknown,
      words: string,
      type: typeof ValidationError | typeof TimeoutError,
    ][] = [
      [
        (user) => {
          if (user === 'bob') throw new Error('no such user');
          return { name: user };
        },
        'The template "greeting": "context" failed, so nothing was sent: no such user',
        ValidationError,
      ],
      [(user) => (user === 'bob' ? {} : { name: user }), 'the context has no "name"', ValidationError],
      [() => null, 'must be an object of variables', ValidationError],
      [() => new Promise(() => {}), '"context" of the template "greeting" did not answer within 20 ms', TimeoutError],
    ];
    for (const [context, words, type] of contexts) {
      const failure = await failureOf(
        PushError,
        t.push.sendTemplate({ slug: 'greeting', users: ['ann', 'bob', 'cleo'], context: context as never }),
      );
      expect(failure).toBeInstanceOf(type);
      expect(failure.message).toContain(words);
    }
    const failure = await failureOf(
      ValidationError,
      t.push.sendTemplate({ slug: 'greeting', users: ['ann', 'bob'], context: { name: 'x' }, locale: () => 'de_DE' }),
    );
    expect(failure.message).toBe('"locale" must be a locale, such as "de" or "de-AT", not "de_DE".');
    expect(t.backend.requests).toHaveLength(0);
    expect(await t.push.messages.count()).toBe(0);
  });

  it('gives each user their own text, also from a function that fills one object for all', async () => {
    await using t = await templateService();
    t.push.template('code', { body: 'code for {{ user }}, {{ more.user }}' });
    const one = { user: '', more: { user: '' } };
    const context = (user: string): typeof one => {
      one.user = user;
      one.more.user = user;
      return one;
    };
    await t.push.sendTemplate({ slug: 'code', users: ['ann', 'bob'], context });
    expect(t.backend.requests.map(({ channels, message }) => [channels, message.notification?.body])).toEqual([
      [['of-ann'], 'code for ann, ann'],
      [['of-bob'], 'code for bob, bob'],
    ]);
  });

  it('asks about a hundred users at once, and no more', async () => {
    await using t = await templateService();
    t.push.template('greeting', greeting);
    let open = 0;
    let most = 0;
    const context = async (user: string): Promise<{ name: string }> => {
      most = Math.max(most, ++open);
      await new Promise(setImmediate);
      open--;
      return { name: user };
    };
    const users = Array.from({ length: 1_000 }, (_, index) => `user-${index}`);
    expect(await t.push.sendTemplate({ slug: 'greeting', users, context })).toHaveLength(1_000);
    expect(most).toBe(100);
  });

  it('lets other work run between the renderings for 20 000 users', async () => {
    const backend = new RecordingBackend({ maxChannelsPerRequest: 1_000_000 });
    await using push = createPushService({ backend, sessions: memorySessions() });
    push.template('greeting', greeting);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const users = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
    const reports = await push.sendTemplate({
      slug: 'greeting',
      users,
      context: (user: string) => ({ name: Number(user.at(-1)) % 2 }),
    });
    clearInterval(timer);
    expect(reports).toHaveLength(2);
    expect(reports?.map(({ unreachable }) => unreachable.length)).toEqual([10_000, 10_000]);
    // So many renderings take far more than 100 ms, and a slice 10 ms.
    expect(turns).toBeGreaterThan(10);
  });
});
