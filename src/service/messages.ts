import { ConfigurationError } from '../core/errors.js';
import type { MessageRecord } from '../messages/record.js';
import type { Inbox } from '../receiving/inbox.js';
import { messageLoop } from '../receiving/message-loop.js';
import type {
  MessageArchive,
  MessagePage,
  MessageQuery,
  PageOptions,
  PurgeQuery,
  ReadBy,
} from '../recording/message-archive.js';
import type { PushUser } from '../sessions/adapter.js';
import type { IncomingMessage } from '../wire/message.js';
import type { CurrentRuntime } from './current-runtime.js';
import type { RecordedMessages } from './recorded-messages.js';

/**
 * Messages: those that come in, as a function; those that were recorded, by its methods, which need a message store
 * (the setting `messages`). Each method throws a `ConfigurationError` without one, and a `PushError` when the store
 * does not answer.
 */
export interface Messages {
  /**
   * Loops over the messages of a channel with `for await`. The subscription ends with the loop; `close` and `configure`
   * end the loop. Messages wait in memory until the loop takes them, without a limit.
   * @param options `signal` ends the loop without an error
   * @example
   * for await (const { event, data } of PushService.messages('orders')) console.log(event, data);
   */
  (channel: string, options?: { signal?: AbortSignal | undefined }): AsyncIterableIterator<IncomingMessage>;

  /**
   * Returns a recorded message; undefined when there is none.
   * @throws ValidationError for an id that is no UUID; ConfigurationError when it cannot be unsealed
   */
  get(id: string): Promise<MessageRecord | undefined>;
  /**
   * Finds recorded messages, the newest first, 100 at a time.
   * @param query what must hold for a message, all of it; without it, all messages are meant
   * @returns records; one that cannot be unsealed comes without its data, and a warning is logged
   * @throws ValidationError for a wrong query
   * @example
   * const { messages, cursor } = await PushService.messages.find({ state: 'ERROR', tag: 'invoice' });
   */
  find<User = PushUser>(query?: MessageQuery<User> & PageOptions): Promise<MessagePage>;
  /** Counts recorded messages. @throws ValidationError for a wrong query */
  count<User = PushUser>(query?: MessageQuery<User>): Promise<number>;
  /**
   * Sends a message again that has failed or was skipped, or tries at once what waits for its next try. What was
   * refused for good is tried again, what was accepted is not.
   * @returns false when there is nothing to try again, as for users whom `canSend` refused before texts were rendered
   * @throws ValidationError for an id that is no UUID
   */
  retry(id: string): Promise<boolean>;
  /**
   * Stops a message that waits. `PushService.cancel(key)` stops all with a key.
   * @returns false when it does not wait: it is being sent, or has ended
   * @throws ValidationError for an id that is no UUID
   */
  cancel(id: string): Promise<boolean>;
  /**
   * Notes that a user has read a message, or all messages with a tag or about an object. For others they stay unread.
   * @returns how many were unread before
   * @throws ValidationError unless it names a user, and one of `id`, `tag` and `relatedTo`
   * @example
   * await PushService.messages.markRead({ user: 'ann', relatedTo: { type: 'chat', id: 7 } });
   */
  markRead<User = PushUser>(by: ReadBy<User>): Promise<number>;
  /**
   * The messages for a user that the user has not read, the newest first, 100 at a time. What still waits is among
   * them. What was cancelled is not, nor what `canSend` of a template refused to the user.
   * @throws ValidationError for a wrong user, limit or cursor
   */
  unread<User = PushUser>(user: User, page?: PageOptions): Promise<MessagePage>;
  /** Counts what {@link unread} lists. @throws ValidationError for a wrong user */
  unreadCount<User = PushUser>(user: User): Promise<number>;
  /**
   * Removes a user from the store: the messages that are for nobody else, also those that wait, and the user's part of
   * the others. What the data of others says of the user stays.
   * @returns how many messages were for the user
   * @throws ValidationError for anything but `{ recipient }`
   * @example
   * await PushService.messages.erase({ recipient: 'ann' });
   */
  erase<User = PushUser>(of: { readonly recipient: User }): Promise<number>;
  /**
   * Removes messages that have ended, in portions, so that nothing else waits for it. Workers and batches remove what
   * is older than `recording.retention` says.
   * @returns how many it removed
   * @throws ValidationError for another state, and for no age
   * @example
   * await PushService.messages.purge({ state: ['SENT', 'SKIPPED'], olderThan: '7d' });
   */
  purge(which: PurgeQuery): Promise<number>;
  /**
   * Brings the tables of the message store up to date, as `pushrail migrate` does. Several processes may call it at
   * once: one of them does it.
   * @returns the names of the migrations that it made; none when all is up to date
   * @throws ConfigurationError when the database does not let it
   */
  migrate(): Promise<readonly string[]>;
}

/** Makes the messages of a service. */
export function messagesOf(runtime: CurrentRuntime, inbox: Inbox): Messages {
  const loop = (
    channel: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<IncomingMessage> => {
    const current = runtime.configured;
    return messageLoop(current.checkedChannel(channel), current, inbox, options.signal);
  };
  const archive = (method: string): Promise<MessageArchive> => archiveOf(runtime, `messages.${method}()`);
  const methods: Omit<Messages, never> = {
    get: async (id: string) => (await archive('get')).get(id),
    find: async (query?: MessageQuery & PageOptions) => (await archive('find')).find(query),
    count: async (query?: MessageQuery) => (await archive('count')).count(query),
    retry: async (id: string) => (await archive('retry')).retry(id),
    cancel: async (id: string) => (await (await archive('cancel')).cancelOne(id)) > 0,
    markRead: async (by: ReadBy) => (await archive('markRead')).markRead(by),
    unread: async (user: unknown, page?: PageOptions) => (await archive('unread')).unread(user, page),
    unreadCount: async (user: unknown) => (await archive('unreadCount')).unreadCount(user),
    erase: async (of: { readonly recipient: unknown }) => (await archive('erase')).erase(of),
    purge: async (which: PurgeQuery) => (await archive('purge')).purge(which),
    migrate: async () => recordedOf(runtime, 'messages.migrate()').migrate(),
  };
  return Object.assign(loop, methods);
}

/** The archive of a service. @param call names the call in an error @throws ConfigurationError without a store */
export async function archiveOf(runtime: CurrentRuntime, call: string): Promise<MessageArchive> {
  return (await recordedOf(runtime, call).opened()).archive;
}

/** What a service has recorded. The rest is as for {@link archiveOf}. */
export function recordedOf(runtime: CurrentRuntime, call: string): RecordedMessages {
  const { recorded } = runtime.configured;
  if (recorded === undefined)
    throw new ConfigurationError(
      `${call} needs a message store: set "messages" in PUSH_SERVER, such as sqliteMessages({ file: 'push.db' }), or PUSH_MESSAGES in the environment.`,
    );
  return recorded;
}
