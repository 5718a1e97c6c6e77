import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  createPushService,
  memorySessions,
  PushError,
  type PushServerSettings,
  type PushService,
  PushTemplate,
  type PushUser,
  type TemplateDefinition,
  TimeoutError,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

const welcome: TemplateDefinition = {
  event: 'welcome',
  title: 'Hello {{ name }}',
  body: 'You have {{ count }} messages.',
  url: '/inbox/{{ name }}',
  data: { name: '{{ name }}', count: '{{ count }}' },
};

interface Trial extends AsyncDisposable {
  readonly push: PushService;
  readonly backend: RecordingBackend;
}

/** A service without a message store, where ann and bob have a session each. */
async function trial(settings: Partial<PushServerSettings> = {}): Promise<Trial> {
  const backend = new RecordingBackend({ maxChannelsPerRequest: 10 });
  const sessions = memorySessions();
  await sessions.add('ann', 'of-ann');
  await sessions.add('bob', 'of-bob');
  const push = createPushService({ sessions, retries: 0, ...settings, backend } as PushServerSettings);
  return { push, backend, [Symbol.asyncDispose]: () => push.close() };
}

describe('sendTemplate with a template in code', () => {
  it('renders title, body, url and data, and sends them as any message', async () => {
    await using t = await trial();
    t.push.template('welcome', welcome);
    const report = await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann', count: 3 } });
    expect(report).toMatchObject({ event: 'welcome', status: 'accepted', accepted: ['of-ann'] });
    expect(report).not.toHaveProperty('skippedUsers');
    const [request] = t.backend.requests;
    expect(request?.channels).toEqual(['of-ann']);
    expect(request?.message).toMatchObject({
      event: 'welcome',
      data: { name: 'Ann', count: 3 },
      notification: { title: 'Hello Ann', body: 'You have 3 messages.', url: '/inbox/Ann' },
    });
    expect(request?.message.notification).not.toHaveProperty('locale');
  });

  it('sends no notification where the template has data alone, and no data where it has none', async () => {
    await using t = await trial();
    t.push.template('quiet', { data: ['{{ n }}'] });
    t.push.template('loud', { body: 'Dinner!' });
    await t.push.sendTemplate({ slug: 'quiet', channels: 'a', context: { n: 1 } });
    await t.push.sendTemplate({ slug: 'loud', channels: 'a' });
    expect(t.backend.requests[0]?.message.data).toEqual([1]);
    expect(t.backend.requests[0]?.message).not.toHaveProperty('notification');
    expect(t.backend.requests[1]?.message).toMatchObject({ data: {}, notification: { body: 'Dinner!' } });
  });

  it('takes the event of the call, else of the template, else of the settings', async () => {
    await using t = await trial({ defaultEvent: 'of-settings' });
    t.push.template('with', { event: 'of-template', body: 'x' });
    t.push.template('without', { body: 'x' });
    await t.push.sendTemplate({ slug: 'with', channels: 'a', event: 'of-call' });
    await t.push.sendTemplate({ slug: 'with', channels: 'a' });
    await t.push.sendTemplate({ slug: 'without', channels: 'a' });
    expect(t.backend.requests.map(({ message }) => message.event)).toEqual(['of-call', 'of-template', 'of-settings']);
  });

  it('puts the data of the call in the place of the rendered one, and keys of its notification over the rendered ones', async () => {
    await using t = await trial();
    t.push.template('welcome', welcome);
    await t.push.sendTemplate({
      slug: 'welcome',
      channels: 'a',
      context: { name: 'Ann', count: 3 },
      data: { own: true },
      notification: { url: '/start', locale: 'nl' },
    });
    expect(t.backend.requests[0]?.message).toMatchObject({
      data: { own: true },
      notification: { title: 'Hello Ann', body: 'You have 3 messages.', url: '/start', locale: 'nl' },
    });
  });

  it('takes the options of send, and refuses others before anything is sent', async () => {
    await using t = await trial();
    t.push.template('welcome', welcome);
    const context = { name: 'Ann', count: 3 };
    await t.push.sendTemplate({ slug: 'welcome', channels: 'a', context, except: '1.2', ordered: true, timeout: 50 });
    expect(t.backend.requests[0]?.message.except).toBe('1.2');
    const wrong: [options: object, words: string][] = [
      [{ contex: {} }, 'sendTemplate() has no option "contex"; did you mean "context"?'],
      [{ channels: [] }, '"channels" is empty'],
      [{ users: 'ann' }, 'takes "channels" or "users", not both'],
      [{ timeout: -1 }, '"timeout"'],
      [{ delay: '1m' }, 'needs a message store'],
      [{ notification: { titel: 'x' } }, '"notification" has no key "titel"'],
      [{ notification: { url: 'javascript:alert(1)' } }, '"notification.url": the address must begin with http'],
      [{ notification: { url: 'java\nscript:alert(1)' } }, '"notification.url": the address has a control character'],
      [{ context: 'Ann' }, 'must be an object of variables'],
      [{ context: [] }, 'must be an object of variables'],
      [{ context: () => ({}) }, 'are functions of a user: send to "users"'],
      [{ slug: '' }, 'slug of a template must be a string of 1 to 255'],
    ];
    for (const [options, words] of wrong) {
      const failure = await failureOf(
        PushError,
        t.push.sendTemplate({ slug: 'welcome', channels: 'a', context, ...options } as never),
      );
      expect(failure, words).toBeInstanceOf(ValidationError);
      expect(failure.message).toContain(words);
    }
    expect(t.backend.requests).toHaveLength(1);
  });

  it('returns null for a template that is not active, and sends nothing', async () => {
    await using t = await trial();
    t.push.template('old', { body: 'x', isActive: false });
    expect(await t.push.sendTemplate({ slug: 'old', channels: 'a' })).toBeNull();
    expect(t.backend.requests).toHaveLength(0);
  });

  it('ends what is under way when the service is closed, and renders it by that service', async () => {
    await using t = await trial();
    const steps: string[] = [];
    const closing = Promise.withResolvers<void>();
    t.push.template('footer', { title: 'Yours, {{ shop }}' });
    t.push.template('welcome', {
      title: '{{ footer }}',
      canSend: async () => {
        steps.push('asked');
        await closing.promise;
        return true;
      },
    });
    const sending = t.push.sendTemplate({
      slug: 'welcome',
      users: 'ann',
      context: async () => {
        await closing.promise;
        return { footer: (await t.push.renderTemplate({ slug: 'footer', context: { shop: 'Shop' } })).title };
      },
    });
    const closed = t.push.close().then(() => steps.push('closed'));
    closing.resolve();
    expect(await sending).toMatchObject([{ status: 'accepted', accepted: ['of-ann'] }]);
    await closed;
    expect(steps).toEqual(['asked', 'closed']);
    expect(t.backend.requests[0]?.message.notification).toEqual({ title: 'Yours, Shop' });
    await expect(t.push.renderTemplate({ slug: 'footer', context: { shop: 'x' } })).rejects.toThrow(ConfigurationError);
  });

  it('names the closest slug when there is no such template', async () => {
    await using t = await trial();
    t.push.template('welcome', welcome);
    const failure = await failureOf(PushError, t.push.sendTemplate({ slug: 'welcom', channels: 'a' }));
    expect(failure).toBeInstanceOf(ValidationError);
    expect(failure.message).toContain('There is no template "welcom"; did you mean "welcome"?');
    expect(failure.message).toContain('PushService.templates.save()');
  });

  it('says that a template has no texts', async () => {
    await using t = await trial();
    t.push.template('empty', { canSend: () => true });
    const failure = await failureOf(PushError, t.push.sendTemplate({ slug: 'empty', channels: 'a' }));
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure.message).toContain('The template "empty" has no texts');
  });

  it('says where data is that JSON loses, with the settings that turn it into JSON', async () => {
    await using t = await trial({ encode: (value) => (typeof value === 'bigint' ? `${value}` : value) });
    t.push.template('sum', { data: { sum: '{{ sum }}' } });
    await t.push.sendTemplate({ slug: 'sum', users: 'ann', context: { sum: 10n } });
    expect(t.backend.requests[0]?.message.data).toEqual({ sum: '10' });
    const failure = await failureOf(
      PushError,
      t.push.sendTemplate({ slug: 'sum', users: 'ann', context: { sum: Number.NaN } }),
    );
    expect(failure).toBeInstanceOf(ValidationError);
    expect(failure.message).toContain('"data.sum" is NaN');
  });
});

describe('canSend without a message store', () => {
  it('leaves out the users whom it refuses, and the report names them', async () => {
    await using t = await trial();
    const asked: unknown[] = [];
    t.push.template('welcome', {
      ...welcome,
      canSend: async (recipient, context) => {
        asked.push([recipient, context]);
        return recipient !== 'bob';
      },
    });
    const context = { name: 'you', count: 1 };
    const report = await t.push.sendTemplate({ slug: 'welcome', users: ['ann', 'bob'], context });
    expect(report).toMatchObject({ accepted: ['of-ann'], skippedUsers: ['bob'], unreachable: [] });
    expect(asked).toEqual([
      ['ann', context],
      ['bob', context],
    ]);
  });

  it('makes it null when nobody is left, without rendering', async () => {
    await using t = await trial();
    t.push.template('welcome', { ...welcome, canSend: () => false });
    expect(await t.push.sendTemplate({ slug: 'welcome', users: ['ann', 'bob'] })).toBeNull();
    expect(await t.push.sendTemplate({ slug: 'welcome', users: [] })).toBeNull();
    expect(t.backend.requests).toHaveLength(0);
  });

  it('is not asked for channels', async () => {
    await using t = await trial();
    t.push.template('news', { body: 'x', canSend: () => false });
    expect(await t.push.sendTemplate({ slug: 'news', channels: 'a' })).toMatchObject({ accepted: ['a'] });
  });

  it('sends nothing when it throws, answers with no boolean, or not in time', async () => {
    await using t = await trial({ timeout: 20 });
    const cases: [canSend: () => unknown, words: string, type: typeof ValidationError | typeof TimeoutError][] = [
      [
        () => Promise.reject(new Error('the database is away')),
        '"canSend" failed, so nothing was sent: the database',
        ValidationError,
      ],
      [
        () => {
          throw new Error('no such column');
        },
        '"canSend" failed, so nothing was sent: no such column',
        ValidationError,
      ],
      [() => 1, '"canSend" must return true or false, not a value of type number', ValidationError],
      [() => null, 'not null', ValidationError],
      [() => new Promise(() => {}), '"canSend" of the template "welcome" did not answer within 20 ms', TimeoutError],
    ];
    for (const [canSend, words, type] of cases) {
      t.push.template('welcome', { ...welcome, canSend: canSend as never }, { replace: true });
      const failure = await failureOf(
        PushError,
        t.push.sendTemplate({ slug: 'welcome', users: ['ann', 'bob'], context: { name: 'x', count: 1 } }),
      );
      expect(failure, words).toBeInstanceOf(type);
      expect(failure.message).toContain(words);
    }
    expect(t.backend.requests).toHaveLength(0);
  });

  it('ends with the signal of the call', async () => {
    await using t = await trial();
    const controller = new AbortController();
    t.push.template('welcome', {
      ...welcome,
      canSend: () => {
        controller.abort();
        return new Promise(() => {});
      },
    });
    const failure = await failureOf(
      PushError,
      t.push.sendTemplate({ slug: 'welcome', users: 'ann', signal: controller.signal, context: {} }),
    );
    expect(failure).toMatchObject({ code: 'ABORTED', outcome: 'rejected' });
  });
});

describe('PushService.template', () => {
  it('refuses a slug that is taken, unless it replaces it', async () => {
    await using t = await trial();
    t.push.template('a', { body: 'first' });
    expect(() => t.push.template('a', { body: 'second' })).toThrow(ConfigurationError);
    expect(() => t.push.template('a', { body: 'second' })).toThrow('pass { replace: true }');
    t.push.template('a', { body: 'third' }, { replace: true });
    await t.push.sendTemplate({ slug: 'a', channels: 'a' });
    expect(t.backend.requests[0]?.message.notification).toEqual({ body: 'third' });
  });

  it('takes a template back when its signal fires, and does not add one whose signal has fired', async () => {
    await using t = await trial();
    const controller = new AbortController();
    const template = t.push.template('a', { body: 'x' }, { signal: controller.signal });
    t.push.template('b', { body: 'x' }, { signal: AbortSignal.abort() });
    controller.abort();
    for (const slug of ['a', 'b'])
      await expect(t.push.sendTemplate({ slug, channels: 'a' })).rejects.toThrow(`There is no template "${slug}"`);
    await expect(template.send({ channels: 'a' })).rejects.toThrow('belongs to no push service');
  });

  it('keeps templates when the service is configured anew', async () => {
    await using t = await trial();
    t.push.template('a', { body: 'x' });
    const other = new RecordingBackend();
    t.push.configure({ backend: other });
    await t.push.sendTemplate({ slug: 'a', channels: 'a' });
    expect(other.requests).toHaveLength(1);
  });

  it('checks the form of a definition at once', async () => {
    await using t = await trial();
    const wrong: [slug: unknown, definition: unknown, words: string][] = [
      ['', { body: 'x' }, 'slug of a template must be a string'],
      ['a\0', { body: 'x' }, 'without NUL'],
      [7, { body: 'x' }, 'slug'],
      ['a', undefined, 'takes a slug and a definition'],
      ['a', { text: 'x' }, 'the template has no option "text"'],
      ['a', { body: 1 }, '"body" must be a string'],
      ['a', { canSend: true }, '"canSend" must be a function'],
      ['a', { isActive: 1 }, '"isActive" must be true or false'],
      ['a', { html: 'message' }, '"html" must be a list of keys'],
      ['a', { html: ['mesage'], data: { message: 'x' } }, 'a key that no "data" has; did you mean "message"?'],
      ['a', { html: ['x'], locales: { de: { data: { y: 1 } } } }, '"html" names "x", a key that no "data" has'],
      ['a', { html: ['x'], data: ['x'] }, '"html" names "x", a key that no "data" has.'],
      ['a', { event: '' }, '"event" must be a string that is not empty'],
      ['a', { locales: [] }, '"locales" must be an object'],
      ['a', { locales: { de: { text: 'x' } } }, 'the locale "de" of the template "a" has no option "text"'],
      ['a', { locales: { de: { title: 1 } } }, '"locales.de.title" must be a string'],
      ['a', { locales: { de_AT: {} } }, '"locales" must be a locale, such as "de" or "de-AT", not "de_AT"'],
      ['a', { locales: { de: {}, DE: {} } }, 'has the locale "de" twice'],
    ];
    for (const [slug, definition, words] of wrong) {
      expect(() => t.push.template(slug as string, definition as object), words).toThrow(ValidationError);
      expect(() => t.push.template(slug as string, definition as object)).toThrow(words);
    }
    expect(() => t.push.template('a', {}, { replaced: true } as object)).toThrow('template() has no option "replaced"');
    expect(() => t.push.template('a', {}, { signal: 1 } as object)).toThrow('"signal" must be an AbortSignal');
  });

  it('takes keys of html where some data has them, and where the data comes from elsewhere', async () => {
    await using t = await trial();
    class Comment extends PushTemplate {
      readonly slug = 'own';
      override readonly html = ['message'];
      override readonly data = { text: 'x' };
      override getData(): { message: string } {
        return { message: '{{ text }}' };
      }
    }
    t.push.template(new Comment());
    t.push.template('later', { html: ['message'], canSend: () => true });
    t.push.template('german', { html: ['text'], data: { n: 1 }, locales: { de: { data: { text: '{{ text }}' } } } });
    const context = { text: '<' };
    expect((await t.push.renderTemplate({ slug: 'own', context })).data).toEqual({ message: '&lt;' });
    expect((await t.push.renderTemplate({ slug: 'german', context, locale: 'de' })).data).toEqual({ text: '&lt;' });
  });

  it('returns a template whose send has the type of its context', async () => {
    await using t = await trial();
    const template: PushTemplate<{ name: string }> = t.push.template('a', {
      title: 'Hi {{ name }}',
      canSend: (_user: PushUser, { name }: { name: string }) => name !== '',
    });
    expect(await template.send({ users: 'ann', context: { name: 'Ann' } })).toMatchObject({ accepted: ['of-ann'] });
    expect(await template.send({ users: 'ann', context: { name: '' } })).toBeNull();
  });
});
