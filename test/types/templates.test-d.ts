import {
  createPushService,
  PushTemplate,
  type PushUser,
  type RenderedTemplate,
  type SavedTemplate,
  type SendReport,
  type TemplateReports,
  type TemplateStore,
} from 'pushrail';
import { memoryMessages } from 'pushrail/messages/memory';
import { expectTypeOf } from 'vitest';

const push = createPushService({ backend: 'console', messages: memoryMessages() });
expectTypeOf(memoryMessages().templates).toExtend<TemplateStore | undefined>();

// One report where there is one rendering, several where each user has one.
const shared = await push.sendTemplate({ slug: 'welcome', users: 'ann', context: { name: 'Ann' }, locale: 'de' });
expectTypeOf(shared).toEqualTypeOf<SendReport<string> | null>();
const toChannels = await push.sendTemplate({ slug: 'welcome', channels: 'news', tag: 'x', delay: '1m' });
expectTypeOf(toChannels).toEqualTypeOf<SendReport<PushUser> | null>();
const own = await push.sendTemplate({ slug: 'welcome', users: ['ann'], context: (user: string) => ({ name: user }) });
expectTypeOf(own).toEqualTypeOf<SendReport<string>[] | null>();
interface User {
  readonly id: string;
  readonly locale: string;
}
declare const users: readonly User[];
const byLocale = await push.sendTemplate({ slug: 'welcome', users, locale: (user) => user.locale });
expectTypeOf(byLocale).toEqualTypeOf<SendReport<User>[] | null>();
void push.sendTemplate({
  slug: 'a',
  users,
  context: async (user) => ({ of: user.locale }),
  notification: { url: '/' },
});
// @ts-expect-error: no slug
void push.sendTemplate({ users: 'ann' });
// @ts-expect-error: channels have no users to make a context for
void push.sendTemplate({ slug: 'a', channels: 'news', context: (user: string) => ({ name: user }) });
// @ts-expect-error: neither users nor channels
void push.sendTemplate({ slug: 'a' });

// The context comes from canSend, and goes on to send.
const order = push.template('order', {
  title: 'Order {{ id }}',
  canSend: (_user: PushUser, context: { id: number }) => context.id > 0,
});
expectTypeOf(order).toEqualTypeOf<PushTemplate<{ id: number }, PushUser>>();
expectTypeOf(await order.send({ users: 'ann', context: { id: 1 } })).toEqualTypeOf<TemplateReports<PushUser>>();
// @ts-expect-error: of another type
void order.send({ users: 'ann', context: { id: 'one' } });
expectTypeOf(await order.render({ id: 1 }, 'de')).toEqualTypeOf<RenderedTemplate>();
// @ts-expect-error: no such text
push.template('order', { text: 'x' });
// @ts-expect-error: a locale has texts alone
push.template('order', { locales: { de: { isActive: true } } });

class Welcome extends PushTemplate<{ name: string }, User> {
  readonly slug = 'welcome';
  override readonly title = 'Hello {{ name }}';
  override canSend(user: User, context: { name: string }): boolean {
    return user.locale !== '' && context.name !== '';
  }
}
expectTypeOf(push.template(new Welcome())).toEqualTypeOf<Welcome>();
// @ts-expect-error: a slug is needed
void class extends PushTemplate {};

expectTypeOf(await push.templates.save({ slug: 'a', body: 'x' })).toEqualTypeOf<SavedTemplate>();
expectTypeOf(await push.templates.get('a', { version: 1 })).toEqualTypeOf<SavedTemplate | undefined>();
expectTypeOf(await push.templates.setActive('a', false)).toEqualTypeOf<boolean>();
const { templates, cursor } = await push.templates.list({ limit: 10 });
expectTypeOf(templates).toEqualTypeOf<readonly SavedTemplate[]>();
expectTypeOf(cursor).toEqualTypeOf<string | undefined>();
// @ts-expect-error: canSend is code
void push.templates.save({ slug: 'a', canSend: () => true });
