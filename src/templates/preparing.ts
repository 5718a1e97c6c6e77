import { ConfigurationError, ValidationError } from '../core/errors.js';
import { type Asking, ask, forEachUser } from './asking.js';
import { checkedLocale } from './locales.js';
import type { TemplateSendOptions } from './options.js';
import { checkedUrl } from './rendering.js';
import { copyOf, isByUser } from './snapshot.js';
import type { TemplateSource } from './sources.js';
import type { AnyTemplate, RenderedTemplate } from './template.js';

/** Users for whom a template says the same. */
export interface Rendering {
  readonly rendered: RenderedTemplate;
  /** Tells it from other renderings of the call. */
  readonly key: string;
  readonly users: readonly unknown[];
  /** The users who must not get it. */
  readonly skipped: readonly unknown[];
}

/** What is needed to make the renderings of a call. */
export interface Preparation extends Asking {
  readonly template: AnyTemplate;
  readonly source: TemplateSource;
  readonly options: TemplateSendOptions<never, object>;
  /** Undefined where the message goes to channels. */
  readonly users: readonly unknown[] | undefined;
  /** Data as the text that is sent. @throws ValidationError for data that JSON loses */
  readonly json: (data: unknown) => string;
  /** @throws ValidationError for a user without an id */
  readonly userId: (user: unknown) => string;
}

/**
 * Asks who may get a template, and renders it: once, or for each user.
 * @throws ValidationError, TimeoutError, AbortError, and whatever functions and methods of the application throw
 */
export async function prepared(preparation: Preparation): Promise<readonly Rendering[]> {
  const { users, options, signal } = preparation;
  if (users === undefined)
    return [{ ...(await rendering(preparation, options.context ?? {}, options.locale)), users: [], skipped: [] }];
  if (isByUser(options)) return byUser(preparation, users);
  const context: object = options.context ?? {};
  const may = await forEachUser(users, signal, (user) => maySend(preparation, user, context));
  const allowed = users.filter((_, index) => may[index]);
  // Nobody is left to render it for.
  if (allowed.length === 0) return [];
  const skipped = users.filter((_, index) => !may[index]);
  return [{ ...(await rendering(preparation, context, options.locale)), users: allowed, skipped }];
}

/**
 * Renders it for each user who may get it. With an `idempotencyKey`, each user has a rendering of their own: who shares
 * one may be others when the call comes again.
 */
async function byUser(preparation: Preparation, users: readonly unknown[]): Promise<readonly Rendering[]> {
  const { options, signal, userId } = preparation;
  const keyOf = options.idempotencyKey === undefined ? undefined : userId;
  const each = await forEachUser(users, signal, async (user) => {
    const context = await madeFor(preparation, options.context ?? {}, user, 'context');
    const may = await maySend(preparation, user, context as object);
    const own = keyOf?.(user);
    // Nobody reads what a user must not get.
    if (!may) return { user, may, key: own ?? '', rendered: {} };
    const locale = await madeFor(preparation, options.locale, user, 'locale');
    const { rendered, key } = await rendering(preparation, context, locale);
    return { user, may, key: own ?? key, rendered };
  });
  const renderings = new Map<string, Rendering & { users: unknown[]; skipped: unknown[] }>();
  for (const { user, may, key, rendered } of each) {
    const name = `${may} ${key}`;
    const known = renderings.get(name);
    // Who is named twice gets one message, the same as who is named once.
    if (known !== undefined && keyOf !== undefined) continue;
    const group = known ?? { key, rendered, users: [], skipped: [] };
    renderings.set(name, group);
    (may ? group.users : group.skipped).push(user);
  }
  return [...renderings.values()];
}

async function madeFor(asking: Asking, given: unknown, user: unknown, name: 'context' | 'locale'): Promise<unknown> {
  if (typeof given !== 'function') return given;
  const make = (): unknown => {
    const made: unknown = given(user);
    // A copy, for a function that fills one object and returns it for everybody.
    return made instanceof Promise ? made.then(copyOf) : copyOf(made);
  };
  return ask(given, make, `"${name}"`, asking);
}

async function maySend(preparation: Preparation, user: unknown, context: object): Promise<boolean> {
  const { template, slug } = preparation;
  const answer: unknown = await ask(
    template,
    () => template.canSend(user as never, context as never),
    '"canSend"',
    preparation,
  );
  if (typeof answer === 'boolean') return answer;
  throw new ValidationError(
    `The template "${slug}": "canSend" must return true or false, not ${answer === null ? 'null' : `a value of type ${typeof answer}`}.`,
  );
}

/** One rendering, with what tells it from others. */
async function rendering(
  preparation: Preparation,
  context: unknown,
  locale: unknown,
): Promise<Pick<Rendering, 'rendered' | 'key'>> {
  const { template, source, json, slug } = preparation;
  const own = locale === undefined ? undefined : checkedLocale(locale);
  const rendered: unknown = await ask(
    template.render,
    () => template.render(context as never, own),
    '"render"',
    preparation,
  );
  if (typeof rendered !== 'object' || rendered === null)
    throw new ValidationError(`The template "${slug}": "render" must return { title, body, url, data }.`);
  const { title, body, url, data } = rendered as RenderedTemplate;
  if (title === undefined && body === undefined && url === undefined && data === undefined)
    throw new ConfigurationError(
      `The template "${slug}" has no texts: write some in code, or save them by PushService.templates.save().`,
    );
  if (typeof url === 'string') checkedUrl(url, { slug, version: source.version, locale: own, field: 'url' });
  const kept = { title, body, url, data, locale: (rendered as RenderedTemplate).locale };
  const dataText = data === undefined ? '' : json(data);
  return { rendered: kept, key: JSON.stringify([title, body, url, kept.locale, dataText]) };
}
