import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createPushService,
  type PushServerSettings,
  PushTemplate,
  type PushUser,
  type RenderedTemplate,
} from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { startOneSignalProvider } from '../providers/onesignal-provider.js';
import { templateService } from './services.js';

// What templates of pymess are, row by row, and what they are here.
describe('pymess: templates', () => {
  it('send_template(recipient, slug, context_data, related_objects, tag) is sendTemplate', async () => {
    await using t = await templateService();
    await t.push.templates.save({ slug: 'invoice', title: 'Invoice', body: 'Invoice {{ number }} is due.' });
    const report = await t.push.sendTemplate({
      slug: 'invoice',
      users: 'ann',
      context: { number: 7 },
      relatedTo: { type: 'invoice', id: 7 },
      tag: 'invoices',
      extraData: { campaign: 'autumn' },
    });
    const { messages } = await t.push.messages.find({ relatedTo: { type: 'invoice', id: 7 }, tag: 'invoices' });
    expect(messages).toMatchObject([
      {
        id: report?.id,
        state: 'SENT',
        recipients: { users: ['ann'] },
        notification: { title: 'Invoice', body: 'Invoice 7 is due.' },
        template: { slug: 'invoice', version: 1 },
        extraData: { campaign: 'autumn' },
      },
    ]);
  });

  it('send(recipient, content) without a template is send, and template_slug is the template of the record', async () => {
    await using t = await templateService();
    await t.push.templates.save({ slug: 'invoice', body: 'Invoice {{ number }} is due.' });
    const body = 'Invoice 7 is due.';
    const plain = await t.push.send({ event: 'invoice.due', users: 'ann', notification: { body } });
    const made = await t.push.sendTemplate({ slug: 'invoice', users: 'ann', context: { number: 7 } });
    expect(await t.push.messages.get(plain.id)).toMatchObject({
      state: 'SENT',
      notification: { body },
      template: undefined,
    });
    expect(await t.push.messages.get(made?.id ?? '')).toMatchObject({
      state: 'SENT',
      notification: { body },
      template: { slug: 'invoice', version: 1 },
    });
  });

  it('is_allowed_duplicate_messages = False is an idempotencyKey: the second one is not sent', async () => {
    await using t = await templateService();
    await t.push.templates.save({ slug: 'invoice', body: 'Invoice {{ number }} is due.' });
    const call = { slug: 'invoice', users: 'ann', context: { number: 7 }, relatedTo: { type: 'invoice', id: 7 } };
    const first = await t.push.sendTemplate({ ...call, idempotencyKey: 'invoice:7' });
    const second = await t.push.sendTemplate({ ...call, idempotencyKey: 'invoice:7' });
    expect(second?.id).toBe(first?.id);
    expect(t.backend.requests).toHaveLength(1);
    await t.push.sendTemplate(call);
    expect(t.backend.requests).toHaveLength(2);
    expect(await t.push.messages.count({ relatedTo: call.relatedTo })).toBe(2);
  });

  it('OneSignal with LANGUAGE is the option "language": texts without a locale go in it, and a locale goes first', async () => {
    const provider = await startOneSignalProvider();
    const options = { ...provider.settings.options, language: 'cs' };
    await using push = createPushService({
      ...provider.settings,
      options,
      messages: memoryMessages(),
    } as PushServerSettings);
    onTestFinished(() => provider.close());
    push.template('invoice', { body: 'Faktura', locales: { de: { body: 'Rechnung' } } });
    const call = { slug: 'invoice', users: 'ann' };
    await push.sendTemplate({ ...call, locale: 'fr' });
    await push.sendTemplate({ ...call, locale: 'de-AT' });
    await push.sendTemplate({ ...call, notification: { body: 'Faktúra', locale: 'sk' } });
    const contents = provider.server.requests.map(({ body }) => (JSON.parse(body) as { contents: unknown }).contents);
    // OneSignal requires English: the texts stand for it, too.
    expect(contents).toEqual([
      { en: 'Faktura', cs: 'Faktura' },
      { en: 'Rechnung', de: 'Rechnung' },
      { en: 'Faktúra', sk: 'Faktúra' },
    ]);
  });

  it('a stored template has slug, body and is_active: one that is not active sends nothing', async () => {
    await using t = await templateService();
    await t.push.templates.save({ slug: 'invoice', body: 'Due.', isActive: false });
    expect(await t.push.templates.get('invoice')).toMatchObject({ slug: 'invoice', body: 'Due.', isActive: false });
    expect(await t.push.sendTemplate({ slug: 'invoice', users: 'ann' })).toBeNull();
    expect(await t.push.messages.count()).toBe(0);
    await t.push.templates.setActive('invoice', true);
    expect(await t.push.sendTemplate({ slug: 'invoice', users: 'ann' })).toMatchObject({ status: 'accepted' });
  });

  it('get_body and render_body are getBody and render, which a model of its own overrides', async () => {
    class Invoice extends PushTemplate<{ number: number }> {
      readonly slug = 'invoice';
      override getBody(): string {
        return 'Invoice {{ number }} of {{ shop }}.';
      }
      override render(context: { number: number }, locale?: string): Promise<RenderedTemplate> {
        return super.render(Object.assign({ shop: 'Corner Shop' }, context), locale);
      }
    }
    await using t = await templateService();
    const template = t.push.template(new Invoice());
    expect(await template.render({ number: 7 })).toEqual({ body: 'Invoice 7 of Corner Shop.' });
    await t.push.sendTemplate({ slug: 'invoice', users: 'ann', context: { number: 8 } });
    expect(t.backend.requests[0]?.message.notification).toEqual({ body: 'Invoice 8 of Corner Shop.' });
  });

  it('can_send(recipient, context_data) is canSend, and send returns nothing when it may not', async () => {
    class Invoice extends PushTemplate<{ number: number }> {
      readonly slug = 'invoice';
      override readonly body = 'Invoice {{ number }}';
      override canSend(user: PushUser, { number }: { number: number }): boolean {
        return user === 'ann' && number > 5;
      }
    }
    await using t = await templateService();
    const template = t.push.template(new Invoice());
    expect(await template.send({ users: 'bob', context: { number: 7 } })).toBeNull();
    expect(await template.send({ users: 'ann', context: { number: 1 } })).toBeNull();
    expect(await t.push.messages.count()).toBe(0);
    expect(await template.send({ users: 'ann', context: { number: 7 } })).toMatchObject({ accepted: ['of-ann'] });
  });

  it('a template model of its own may replace send', async () => {
    class Quiet extends PushTemplate {
      readonly slug = 'invoice';
      override readonly body = 'Due.';
      override async send(): Promise<null> {
        return null;
      }
    }
    await using t = await templateService();
    t.push.template(new Quiet());
    expect(await t.push.sendTemplate({ slug: 'invoice', users: 'ann' })).toBeNull();
    expect(t.backend.requests).toHaveLength(0);
  });
});
