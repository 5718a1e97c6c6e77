import type { SendReport } from '../core/report.js';
import type { Awaitable } from '../core/until-aborted.js';
import type { Audience, MessageOptions } from '../delivery/send-options.js';
import type { PushUser } from '../sessions/adapter.js';
import type { TemplateContext } from './definition.js';

/** The options of `send` that go with a template. */
export interface TemplateMessageOptions extends Omit<MessageOptions, 'notification'> {
  /** Keys that take the place of the rendered ones. */
  notification?:
    | {
        title?: string | undefined;
        body?: string | undefined;
        url?: string | undefined;
        locale?: string | undefined;
      }
    | undefined;
}

/** How a template is sent that is rendered once, for all. */
export type SharedTemplateOptions<User = PushUser, Context extends object = TemplateContext> = TemplateMessageOptions &
  Audience<User> & {
    /** The variables. @default none */
    context?: (Context extends (...parameters: never[]) => unknown ? never : Context) | undefined;
    /** Such as `de-AT`. @default the texts of every other language */
    locale?: string | undefined;
  };

/** Makes something for a user. It has the setting `timeout` to answer. */
export type ForUser<User, Made> = (user: User) => Awaitable<Made>;

/** How a template is sent that is rendered for each user. Users for whom it says the same share a message. */
export type OwnTemplateOptions<User = PushUser, Context extends object = TemplateContext> = TemplateMessageOptions & {
  users: User | Iterable<User>;
  channels?: undefined;
} & (
    | { context: ForUser<User, Context>; locale?: string | ForUser<User, string | undefined> | undefined }
    | { context?: Context | undefined; locale: ForUser<User, string | undefined> }
  );

/** How a template is sent. */
export type TemplateSendOptions<User = PushUser, Context extends object = TemplateContext> =
  | SharedTemplateOptions<User, Context>
  | OwnTemplateOptions<User, Context>;

/** The report of what was sent; several where each user has a rendering of their own; null where nothing was sent. */
export type TemplateReports<User = unknown> = SendReport<User> | SendReport<User>[] | null;
