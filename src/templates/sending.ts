import { createHash } from 'node:crypto';
import type { SendReport } from '../core/report.js';
import type { MessageOrigin } from '../delivery/recording-options.js';
import { type SendOptions, usersOf } from '../delivery/send-options.js';
import type { TemplateMessageOptions, TemplateReports, TemplateSendOptions } from './options.js';
import { prepared, type Rendering } from './preparing.js';
import { isByUser } from './snapshot.js';
import type { TemplateSource } from './sources.js';
import type { AnyTemplate } from './template.js';

/** The push service that sends what is made of templates. */
export interface SendingHost {
  /** How long a function of the application has, in milliseconds. */
  readonly timeout: number;
  /** Whether there is a message store. */
  readonly hasStore: boolean;
  /** Whether there are several backends, so that there is `via`. */
  readonly choosesBackend: boolean;
  json(data: unknown): string;
  /** @throws ValidationError for a user without an id */
  userId(user: unknown): string;
  /** Sends messages, each with what it was made of. @returns their reports */
  send(
    messages: readonly SendOptions[],
    origins: readonly MessageOrigin[],
    call: TemplateMessageOptions,
  ): Promise<SendReport[]>;
}

/** Longest idempotency key, in characters. */
const LONGEST_KEY = 255;

/**
 * Renders a template and sends it.
 * @throws ValidationError, TimeoutError or AbortError when nothing was sent or recorded; whatever sending throws
 */
export async function sendTemplate(
  template: AnyTemplate,
  source: TemplateSource,
  options: TemplateSendOptions<never, object>,
  host: SendingHost,
): Promise<TemplateReports> {
  const { timeout, json, userId } = host;
  const { slug } = template;
  const { signal } = options;
  const users = options.users === undefined ? undefined : usersOf<unknown>(options.users);
  const renderings = await prepared({ template, source, options, users, slug, timeout, signal, json, userId });
  const skippedUsers = renderings.flatMap(({ skipped }) => skipped);
  const sent = renderings.filter((each) => users === undefined || each.users.length > 0);
  if (sent.length === 0) return null;
  const isRecorded = host.hasStore && options.record !== false;
  const skipped = isRecorded ? renderings.filter((each) => each.skipped.length > 0) : [];
  const origin: MessageOrigin = { template: { slug, version: source.version } };
  const messages = [
    ...sent.map((rendering) => messageOf(rendering, options, source)),
    ...skipped.map((rendering) => skippedMessage(rendering, options, source)),
  ];
  const origins = messages.map((_, index) =>
    index < sent.length ? origin : { ...origin, skip: 'canSend', hasNoTexts: isByUser(options) },
  );
  const reports = (await host.send(messages, origins, options)).slice(0, sent.length);
  const [first, ...others] = reports;
  if (first === undefined) return null;
  const named = skippedUsers.length === 0 ? first : { ...first, skippedUsers };
  return isByUser(options) ? [named, ...others] : named;
}

/** The message to the users of a rendering, or to channels. */
function messageOf(
  { rendered, users, key }: Rendering,
  options: TemplateSendOptions<never, object>,
  { content }: TemplateSource,
): SendOptions {
  const { context: _, locale: __, signal: ___, ordered: ____, ...rest } = options;
  const { title, body, url, locale } = rendered;
  const given = present(options.notification ?? {});
  const notification = { ...present({ title, body, url, locale }), ...given };
  const hasTexts = [title, body, url, ...Object.values(given)].some((text) => text !== undefined);
  const { idempotencyKey } = options;
  const message = {
    ...rest,
    event: options.event ?? content.event,
    data: options.data ?? rendered.data,
    notification: hasTexts ? notification : undefined,
    ...(options.channels === undefined && { users }),
    idempotencyKey: isByUser(options) ? keyFor(idempotencyKey, key) : idempotencyKey,
  };
  return message as SendOptions;
}

/** The message to the users who must not get it: it is recorded at once, and not sent. */
function skippedMessage(
  rendering: Rendering,
  options: TemplateSendOptions<never, object>,
  source: TemplateSource,
): SendOptions {
  const { delay: _, at: __, expires: ___, when: ____, wait: _____, ...rest } = options;
  const { idempotencyKey } = options;
  const message = messageOf({ ...rendering, users: rendering.skipped }, rest as typeof options, source);
  // Parts of a message that has no texts may be refused.
  const nothing = { data: undefined, notification: undefined, backendOptions: undefined };
  return {
    ...message,
    ...(isByUser(options) && nothing),
    idempotencyKey: keyFor(idempotencyKey, `skipped ${isByUser(options) ? rendering.key : ''}`),
  } as SendOptions;
}

/** A key of its own for one of several messages of a call. */
function keyFor(idempotencyKey: string | undefined, part: string): string | undefined {
  if (idempotencyKey === undefined) return undefined;
  const own = `${idempotencyKey}:${digest(part)}`;
  return own.length > LONGEST_KEY ? digest(own) : own;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function present<Parts extends object>(parts: Parts): Partial<Parts> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Partial<Parts>;
}
