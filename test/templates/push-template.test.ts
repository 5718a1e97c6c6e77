import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  createPushService,
  PushTemplate,
  type PushUser,
  type RenderedTemplate,
  type TemplateReports,
  type TemplateSendOptions,
  type TemplateTexts,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { templateService } from './services.js';

class Welcome extends PushTemplate<{ name: string }> {
  readonly slug: string = 'welcome';
  override readonly event = 'welcome';
  override readonly title = 'Hello {{ name }}';
  override readonly locales = { de: { title: 'Hallo {{ name }}' } };
}

describe('PushTemplate', () => {
  it('is sent by its slug and by itself, with the fields of its class', async () => {
    await using t = await templateService();
    const template = t.push.template(new Welcome());
    await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' } });
    const report = await template.send({ users: 'bob', context: { name: 'Bob' }, locale: 'de' });
    expect(report).toMatchObject({ event: 'welcome', accepted: ['of-bob'] });
    expect(t.backend.requests.map(({ message }) => message.notification)).toEqual([
      { title: 'Hello Ann' },
      { title: 'Hallo Bob', locale: 'de' },
    ]);
  });

  it('renders without a service what its class says, and with one what is stored', async () => {
    const template = new Welcome();
    expect(await template.render({ name: 'Ann' }, 'de-at')).toEqual({ title: 'Hallo Ann', locale: 'de' });
    await using t = await templateService();
    t.push.template(template);
    await t.push.templates.save({ slug: 'welcome', body: 'Stored {{ name }}' });
    expect(await template.render({ name: 'Ann' })).toEqual({ body: 'Stored Ann' });
  });

  it('may say by methods what it says, from the texts that are stored or chosen', async () => {
    class Shouting extends Welcome {
      readonly #suffix = '!';
      override getTitle(_locale: string | undefined, { title }: TemplateTexts): string {
        return `${title?.toUpperCase().replace('NAME', 'name')}${this.#suffix}`;
      }
      override getBody(locale: string | undefined): string | undefined {
        return locale === 'de' ? 'Wie geht es, {{ name }}?' : undefined;
      }
      override getUrl(): string {
        return '/start/{{ name }}';
      }
      override getData(): { readonly name: string } {
        return { name: '{{ name }}' };
      }
    }
    await using t = await templateService();
    t.push.template(new Shouting());
    await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' }, locale: 'de' });
    await t.push.templates.save({ slug: 'welcome', title: 'Stored {{ name }}' });
    await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' } });
    expect(t.backend.requests.map(({ message }) => [message.notification, message.data])).toEqual([
      [{ title: 'HALLO Ann!', body: 'Wie geht es, Ann?', url: '/start/Ann', locale: 'de' }, { name: 'Ann' }],
      [{ title: 'STORED Ann!', url: '/start/Ann' }, { name: 'Ann' }],
    ]);
  });

  it('may change what it is rendered with, and what was rendered', async () => {
    class Signed extends Welcome {
      override async render(context: { name: string }, locale?: string): Promise<RenderedTemplate> {
        const rendered = await super.render({ name: `dear ${context.name}` }, locale);
        return { ...rendered, data: { signedBy: 'the team' } };
      }
    }
    await using t = await templateService();
    t.push.template(new Signed());
    await t.push.templates.save({ slug: 'welcome', title: 'Good day, {{ name }}' });
    const report = await t.push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' } });
    expect(t.backend.requests[0]?.message).toMatchObject({
      notification: { title: 'Good day, dear Ann' },
      data: { signedBy: 'the team' },
    });
    expect(report).toMatchObject({ status: 'accepted' });
    expect(await t.push.messages.find()).toMatchObject({ messages: [{ template: { slug: 'welcome', version: 1 } }] });
  });

  it('is of one version while it is sent, also when it is saved meanwhile', async () => {
    await using t = await templateService();
    class Slow extends Welcome {
      override async render(context: { name: string }, locale?: string): Promise<RenderedTemplate> {
        await t.push.templates.save({ slug: 'welcome', title: 'New' });
        return super.render(context, locale);
      }
    }
    t.push.template(new Slow());
    await t.push.templates.save({ slug: 'welcome', title: 'Old' });
    await t.push.sendTemplate({ slug: 'welcome', users: 'ann' });
    expect(await t.push.messages.find()).toMatchObject({
      messages: [{ template: { version: 1 }, notification: { title: 'Old' } }],
    });
  });

  it('may refuse users, and may return null without sending', async () => {
    class Careful extends Welcome {
      override canSend(user: PushUser, { name }: { name: string }): boolean {
        return user !== 'bob' && name !== '';
      }
      override async send(
        options: TemplateSendOptions<PushUser, { name: string }>,
      ): Promise<TemplateReports<PushUser>> {
        return options.tag === 'never' ? null : super.send({ ...options, tag: 'careful' });
      }
    }
    await using t = await templateService();
    t.push.template(new Careful());
    const call = { slug: 'welcome', users: ['ann', 'bob'], context: { name: 'x' } };
    expect(await t.push.sendTemplate({ ...call, tag: 'never' })).toBeNull();
    expect(await t.push.messages.count()).toBe(0);
    expect(await t.push.sendTemplate(call)).toMatchObject({ accepted: ['of-ann'], skippedUsers: ['bob'] });
    expect(await t.push.messages.count({ tag: 'careful' })).toBe(2);
  });

  it('says that it belongs to no service, to another one, or that its methods return what is no text', async () => {
    const template = new Welcome();
    const lost = await failureOf(ConfigurationError, template.send({ users: 'ann', context: { name: 'x' } }));
    expect(lost.message).toBe(
      'The template "welcome" belongs to no push service: add it by PushService.template(template) before it is sent.',
    );
    await using t = await templateService();
    await using other = createPushService({ backend: 'console' });
    t.push.template(template);
    expect(() => other.template(template)).toThrow('The template "welcome" belongs to another push service');
    class Odd extends Welcome {
      override readonly slug = 'odd';
      override getTitle(): never {
        return 7 as never;
      }
    }
    t.push.template(new Odd());
    await expect(t.push.sendTemplate({ slug: 'odd', users: 'ann' })).rejects.toThrow(
      'The template "odd": the method for its "title" must return a string or undefined, not a value of type number',
    );
    class Empty extends Welcome {
      override readonly slug = 'none';
      override async render(): Promise<never> {
        return null as never;
      }
    }
    t.push.template(new Empty());
    await expect(t.push.sendTemplate({ slug: 'none', users: 'ann' })).rejects.toThrow('"render" must return');
    expect(t.backend.requests).toHaveLength(0);
  });
});
