import { describe, expect, it } from 'vitest';
import { ConfigurationError, createPushService, ValidationError } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { failureOf } from '../support/failure-of.js';
import { templateService, welcome } from './services.js';

describe('templates.save', () => {
  it('keeps a version and returns it, and each save makes another one', async () => {
    await using t = await templateService();
    const { templates } = t.push;
    const first = await templates.save({ slug: 'welcome', ...welcome, locales: { 'de-at': { title: 'Servus' } } });
    expect(first).toEqual({
      slug: 'welcome',
      version: 1,
      isActive: true,
      createdAt: new Date(t.clock.now()),
      ...welcome,
      locales: { 'de-AT': { title: 'Servus' } },
    });
    const second = await templates.save({ slug: 'welcome', title: 'Hi', html: ['message'] });
    expect(second).toEqual({
      slug: 'welcome',
      version: 2,
      isActive: true,
      createdAt: expect.any(Date),
      title: 'Hi',
      html: ['message'],
    });
    expect(await templates.get('welcome')).toEqual(second);
    expect(await templates.get('welcome', { version: 1 })).toEqual(first);
    expect(await templates.get('welcome', { version: 3 })).toBeUndefined();
    expect(await templates.get('other')).toBeUndefined();
  });

  it('leaves a template off that was off, unless it says otherwise', async () => {
    await using t = await templateService();
    const { templates } = t.push;
    await templates.save({ slug: 'a', body: 'x', isActive: false });
    expect(await templates.save({ slug: 'a', body: 'y' })).toMatchObject({ version: 2, isActive: false });
    expect(await templates.save({ slug: 'a', body: 'y', isActive: true })).toMatchObject({ isActive: true });
  });

  it('parses every text before it keeps any, and names the field, the line and what is near', async () => {
    await using t = await templateService();
    const { templates } = t.push;
    const wrong: [parts: object, words: string][] = [
      [{ title: 'Hi {{ name' }, '"title", line 1, column 4: output "{{ name" not closed, near "Hi {{ name"'],
      [{ body: 'One\n{% if x %}two' }, '"body", line 2, column 1: tag {% if x %} not closed, near "{% if x %}two"'],
      [{ url: '{{ id | shout }}' }, '"url", line 1, column 1: there is no filter "shout", near "{{ id | shout }}"'],
      [{ title: '{% fetch x %}' }, '"title", line 1, column 1: there is no tag "fetch"'],
      [{ data: { list: [1, { text: '{{ }' }] } }, '"data.list[1].text", line 1'],
      [{ title: 'ok', locales: { de: { body: '{% endif %}' } } }, '"body" in "de", line 1, column 1: there is no tag'],
      [{ data: { message: '{{ | }}' }, html: ['message'] }, '"data.message"'],
    ];
    for (const [parts, words] of wrong) {
      const failure = await failureOf(ValidationError, templates.save({ slug: 'welcome', ...parts }));
      expect(failure.message).toContain('The template "welcome", ');
      expect(failure.message).toContain(words);
    }
    expect(await templates.get('welcome')).toBeUndefined();
  });

  it('refuses what is no template', async () => {
    await using t = await templateService();
    const { templates } = t.push;
    await expect(templates.save({ slug: 'a', canSend: () => true } as never)).rejects.toThrow(
      'templates.save() has no option "canSend"',
    );
    await expect(templates.save({ body: 'x' } as never)).rejects.toThrow('slug of a template must be a string');
    await expect(templates.save(null as never)).rejects.toThrow('options of templates.save() must be an object');
    await expect(templates.save({ slug: 'a', data: { n: Number.NaN } })).rejects.toThrow('is NaN');
    await expect(templates.get('a', { version: 0 })).rejects.toThrow('whole number from 1');
    await expect(templates.setActive('a', 1 as never)).rejects.toThrow('true or false');
  });
});

describe('templates.list, remove and setActive', () => {
  it('lists the latest versions by slug, in parts', async () => {
    await using t = await templateService();
    const { templates } = t.push;
    for (const slug of ['b', 'a', 'c', 'a']) await templates.save({ slug, body: slug });
    const first = await templates.list({ limit: 2 });
    expect(first.templates.map(({ slug, version }) => [slug, version])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    const second = await templates.list({ limit: 2, cursor: first.cursor });
    expect(second.templates.map(({ slug }) => slug)).toEqual(['c']);
    expect(second.cursor).toBeUndefined();
    expect((await templates.list()).templates).toHaveLength(3);
    for (const limit of [0, 1.5, 1_001]) await expect(templates.list({ limit })).rejects.toThrow('"limit" must be');
    await expect(templates.list({ cursor: '' })).rejects.toThrow('"cursor" must be');
  });

  it('keeps the versions of a template that is removed, and goes on counting', async () => {
    await using t = await templateService();
    const { templates } = t.push;
    await templates.save({ slug: 'a', body: 'x' });
    expect(await templates.remove('a')).toBe(true);
    expect(await templates.remove('a')).toBe(false);
    expect(await templates.get('a')).toBeUndefined();
    expect(await templates.get('a', { version: 1 })).toMatchObject({ body: 'x' });
    expect(await templates.save({ slug: 'a', body: 'y' })).toMatchObject({ version: 2 });
  });

  it('switches a template off and on', async () => {
    await using t = await templateService();
    const { templates } = t.push;
    await templates.save({ slug: 'a', body: 'x' });
    expect(await templates.setActive('a', false)).toBe(true);
    expect(await t.push.sendTemplate({ slug: 'a', channels: 'c' })).toBeNull();
    expect(await t.push.messages.count()).toBe(0);
    expect(await templates.setActive('a', true)).toBe(true);
    expect(await t.push.sendTemplate({ slug: 'a', channels: 'c' })).toMatchObject({ status: 'accepted' });
    expect(await templates.setActive('none', true)).toBe(false);
  });

  it('needs a message store that keeps templates', async () => {
    await using without = createPushService({ backend: 'console' });
    await expect(without.templates.save({ slug: 'a', body: 'x' })).rejects.toThrow(
      'templates.save() needs a message store: set "messages"',
    );
    const store = memoryMessages();
    const plain = new Proxy(store, {
      get(target, name) {
        const value: unknown = name === 'templates' ? undefined : Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await using t = await templateService({}, plain);
    const failure = await failureOf(ConfigurationError, t.push.templates.list());
    expect(failure.message).toContain('templates.list() needs a message store that keeps templates');
    t.push.template('a', { body: 'x' });
    expect(await t.push.sendTemplate({ slug: 'a', channels: 'c' })).toMatchObject({ status: 'accepted' });
  });
});

describe('a template in code and in the store', () => {
  it('has the texts of the store, the locales of the store, and canSend of the code', async () => {
    await using t = await templateService();
    t.push.template('welcome', {
      event: 'of-code',
      title: 'Code {{ name }}',
      body: 'Code alone',
      locales: { de: { title: 'Code' } },
      canSend: (user) => user !== 'bob',
    });
    await t.push.templates.save({ slug: 'welcome', title: 'Stored {{ name }}', locales: { fr: { title: 'Gardé' } } });
    const report = await t.push.sendTemplate({
      slug: 'welcome',
      users: ['ann', 'bob'],
      context: { name: 'Ann' },
      locale: 'de',
    });
    expect(report).toMatchObject({ event: 'of-code', accepted: ['of-ann'], skippedUsers: ['bob'] });
    expect(t.backend.requests[0]?.message.notification).toEqual({ title: 'Stored Ann' });
    await t.push.templates.remove('welcome');
    await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' }, locale: 'de' });
    expect(t.backend.requests[1]?.message.notification).toEqual({ title: 'Code', body: 'Code alone', locale: 'de' });
  });

  it('may have its texts in the store alone', async () => {
    await using t = await templateService();
    t.push.template('welcome', { canSend: () => true });
    await t.push.templates.save({ slug: 'welcome', ...welcome });
    await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' } });
    expect(t.backend.requests[0]?.message).toMatchObject({ event: 'welcome', data: { name: 'Ann' } });
  });

  it('is sent when neither of them says that it is not active', async () => {
    await using t = await templateService();
    t.push.template('a', { body: 'x', isActive: false });
    await t.push.templates.save({ slug: 'a', body: 'y', isActive: true });
    expect(await t.push.sendTemplate({ slug: 'a', channels: 'c' })).toBeNull();
  });

  it('belongs to its service alone', async () => {
    const store = memoryMessages();
    await using shop = await templateService({ name: 'shop' }, store);
    await using billing = await templateService({ name: 'billing' }, store);
    await shop.push.templates.save({ slug: 'a', body: 'x' });
    expect(await billing.push.templates.get('a')).toBeUndefined();
    await expect(billing.push.sendTemplate({ slug: 'a', channels: 'c' })).rejects.toThrow('There is no template "a"');
  });
});
