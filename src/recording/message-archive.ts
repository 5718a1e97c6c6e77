import { checkOptionNames } from '../core/call-options.js';
import { checkedDuration, type Duration } from '../core/durations.js';
import { ValidationError } from '../core/errors.js';
import type { RelatedTo } from '../delivery/recording-options.js';
import type { MessageRecord, RelatedObject } from '../messages/record.js';
import { type EndState, endStates, type MessageState, messageStates } from '../messages/states.js';
import type { Page, StoredMessage, StoreQuery } from '../messages/store.js';
import { userIdOf } from '../sessions/user-id.js';
import type { Content, Details } from './content.js';
import { type RecordingHost, storeNow } from './host.js';
import { PORTION } from './housekeeping.js';
import { relatedObjects } from './message-options.js';
import { type ReadContent, recordOf } from './record.js';

/** Which messages: those for which all that is named is true. */
export interface MessageQuery<User = unknown> {
  readonly state?: MessageState | readonly MessageState[] | undefined;
  readonly tag?: string | undefined;
  readonly relatedTo?: RelatedTo | undefined;
  /** A user that the message is for. */
  readonly recipient?: User | undefined;
  readonly event?: string | undefined;
  readonly key?: string | undefined;
  /** Recorded at this time or later. */
  readonly since?: Date | undefined;
  /** Recorded before this time. */
  readonly until?: Date | undefined;
  /** Due at this time or earlier. With `state: ['WAITING', 'ERROR_RETRY']`, those that wait to be sent. */
  readonly dueBy?: Date | undefined;
  /** In its state since this time or longer. */
  readonly unchangedSince?: Date | undefined;
}

/** A part of a list, the newest message first. */
export interface PageOptions {
  /** Most messages, 1 to 1 000. @default 100 */
  readonly limit?: number | undefined;
  /** The `cursor` of the part before. @default the first part */
  readonly cursor?: string | undefined;
}

/** A part of a list, and the cursor of the next one, if there is more. */
export interface MessagePage {
  readonly messages: readonly MessageRecord[];
  readonly cursor: string | undefined;
}

/** Which old messages go. */
export interface PurgeQuery {
  /** The state in which they ended. */
  readonly state: EndState | readonly EndState[];
  /** How long ago they ended. */
  readonly olderThan: Duration;
}

/** Which messages a user has read: one by its id, or all with a tag or about an object. */
export type ReadBy<User = unknown> = { readonly user: User } & (
  | { readonly id: string | readonly string[]; readonly tag?: undefined; readonly relatedTo?: undefined }
  | { readonly tag: string; readonly id?: undefined; readonly relatedTo?: undefined }
  | { readonly relatedTo: RelatedTo; readonly id?: undefined; readonly tag?: undefined }
);

const queryNames = [
  'state',
  'tag',
  'relatedTo',
  'recipient',
  'event',
  'key',
  'since',
  'until',
  'dueBy',
  'unchangedSince',
] as const;
const pageNames = ['limit', 'cursor'] as const;
/** Most messages of a part. */
const LONGEST_PAGE = 1_000;

/** What the application asks of recorded messages, and does with them. */
export class MessageArchive {
  readonly #host: RecordingHost;
  readonly #read: ReadContent;
  readonly #waits: (id: string) => void;

  /** @param waits hears of a message that has become due by hand */
  constructor(host: RecordingHost, read: ReadContent, waits: (id: string) => void) {
    this.#host = host;
    this.#read = read;
    this.#waits = waits;
  }

  async get(id: string): Promise<MessageRecord | undefined> {
    const { store, service } = this.#host;
    const [found] = await store.get(service, [checkedId(id)]);
    return found && recordOf(found, await this.#read(found.content));
  }

  async find(query: MessageQuery & PageOptions = {}): Promise<MessagePage> {
    checkOptionNames(query, [...queryNames, ...pageNames], 'messages.find()');
    const { messages, cursor } = await this.#host.store.find(this.#query(query), checkedPage(query));
    return { messages: await this.#records(messages), cursor };
  }

  async count(query: MessageQuery = {}): Promise<number> {
    checkOptionNames(query, queryNames, 'messages.count()');
    return this.#host.store.count(this.#query(query));
  }

  async retry(id: string): Promise<boolean> {
    const { store, service } = this.#host;
    const [found] = await store.get(service, [checkedId(id)]);
    if (found !== undefined && (JSON.parse(found.details) as Details).hasNoTexts) return false;
    const isWaiting = await store.retry(service, checkedId(id), this.#now);
    if (isWaiting) this.#waits(checkedId(id));
    return isWaiting;
  }

  async cancelOne(id: string): Promise<number> {
    return this.#cancel({ id: checkedId(id) });
  }

  async cancelAll(key: string): Promise<number> {
    if (typeof key !== 'string' || key === '')
      throw new ValidationError('cancel() takes the "key" that messages were sent with.');
    return this.#cancel({ key });
  }

  async #cancel(of: { readonly id: string } | { readonly key: string }): Promise<number> {
    const { store, service, events, logger } = this.#host;
    const stopped = await store.cancel({ service, ...of }, this.#now);
    if (stopped.length > 0 && !events.of('cancelled').isEmpty)
      // They are stopped, whatever comes of telling it.
      await this.#tellCancelled(stopped).catch((err: unknown) =>
        logger.error({ err, ids: stopped }, 'messages were cancelled, and the listeners could not be told'),
      );
    return stopped.length;
  }

  async #tellCancelled(ids: readonly string[]): Promise<void> {
    const { store, service, events } = this.#host;
    for (const record of await this.#records(await store.get(service, ids))) events.tell('cancelled', () => record);
  }

  async markRead(by: ReadBy): Promise<number> {
    checkOptionNames(by, ['user', 'id', 'tag', 'relatedTo'], 'messages.markRead()');
    const { store, service } = this.#host;
    const { user, id, tag, relatedTo } = by;
    if ([id, tag, relatedTo].filter((each) => each !== undefined).length !== 1)
      throw new ValidationError('messages.markRead() takes one of "id", "tag" and "relatedTo".');
    const mark = { service, user: this.#userId(user) };
    if (id !== undefined) return store.markRead({ ...mark, ids: [id].flat().map(checkedId) }, this.#now);
    if (tag !== undefined) return store.markRead({ ...mark, tag: checkedText(tag, 'tag') ?? '' }, this.#now);
    return store.markRead({ ...mark, relatedTo: oneObject(relatedTo) }, this.#now);
  }

  async unread(user: unknown, page: PageOptions = {}): Promise<MessagePage> {
    checkOptionNames(page, pageNames, 'messages.unread()');
    const { store, service } = this.#host;
    const { messages, cursor } = await store.unread(service, this.#userId(user), checkedPage(page));
    return { messages: await this.#records(messages), cursor };
  }

  async unreadCount(user: unknown): Promise<number> {
    const { store, service } = this.#host;
    return store.unreadCount(service, this.#userId(user));
  }

  async erase(of: { readonly recipient: unknown }): Promise<number> {
    checkOptionNames(of, ['recipient'], 'messages.erase()');
    const { store, service } = this.#host;
    return store.erase(service, this.#userId(of.recipient));
  }

  async purge(which: PurgeQuery): Promise<number> {
    checkOptionNames(which, ['state', 'olderThan'], 'messages.purge()');
    const { store, service } = this.#host;
    const age = checkedDuration(which.olderThan, 'olderThan');
    const states = [which.state].flat().map(checkedEndState);
    let removed = 0;
    for (const state of new Set(states)) {
      for (let portion = PORTION; portion === PORTION; removed += portion)
        portion = await store.purge({ service, ages: { [state]: age }, limit: PORTION, now: this.#now });
    }
    return removed;
  }

  get #now(): number | undefined {
    return storeNow(this.#host.clock)();
  }

  #userId(user: unknown): string {
    return userIdOf(user, this.#host.destinations.first.sessions);
  }

  /** Reads messages. One that cannot be unsealed must not hide the others, so it comes without what was sealed. */
  async #records(messages: readonly StoredMessage[]): Promise<MessageRecord[]> {
    return Promise.all(messages.map(async (stored) => recordOf(stored, await this.#contentOf(stored))));
  }

  async #contentOf({ id, content }: StoredMessage): Promise<Content | undefined> {
    try {
      return await this.#read(content);
    } catch (error) {
      this.#host.logger.warn(
        { err: error, id },
        'a message cannot be read, so its record comes without data: setting "recording.unseal"',
      );
      return undefined;
    }
  }

  #query({ state, recipient, relatedTo, tag, event, key, ...times }: MessageQuery): StoreQuery {
    return {
      tag: checkedText(tag, 'tag'),
      event: checkedText(event, 'event'),
      key: checkedText(key, 'key'),
      service: this.#host.service,
      states: state === undefined ? undefined : [state].flat().map(checkedState),
      recipient: recipient === undefined ? undefined : this.#userId(recipient),
      relatedTo: relatedTo === undefined ? undefined : oneObject(relatedTo),
      since: checkedDate(times.since, 'since'),
      until: checkedDate(times.until, 'until'),
      dueBy: checkedDate(times.dueBy, 'dueBy'),
      unchangedSince: checkedDate(times.unchangedSince, 'unchangedSince'),
    };
  }
}

function oneObject(relatedTo: RelatedTo | undefined): RelatedObject {
  const [only, ...others] = relatedObjects(relatedTo);
  if (only === undefined || others.length > 0) throw new ValidationError('"relatedTo" must be one { type, id }.');
  return only;
}

function checkedId(id: unknown): string {
  if (typeof id === 'string' && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new ValidationError('The id of a message must be a UUID, such as the "id" of a report.');
}

function checkedState(state: unknown): MessageState {
  const found = messageStates.find((each) => each === state);
  if (found !== undefined) return found;
  throw new ValidationError(`There is no state ${JSON.stringify(state)}: the states are ${messageStates.join(', ')}.`);
}

function checkedEndState(state: unknown): EndState {
  const found = endStates.find((each) => each === state);
  if (found !== undefined) return found;
  throw new ValidationError(
    `messages.purge() removes what has ended: "state" must be ${endStates.join(', ')}, or a list of these, not ${JSON.stringify(state)}.`,
  );
}

function checkedText(text: unknown, name: string): string | undefined {
  if (text === undefined || typeof text === 'string') return text;
  throw new ValidationError(`"${name}" must be a string.`);
}

function checkedDate(date: unknown, name: string): number | undefined {
  if (date === undefined) return undefined;
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.getTime();
  throw new ValidationError(`"${name}" must be a valid Date.`);
}

function checkedPage({ limit = 100, cursor }: PageOptions): Page {
  if (!Number.isInteger(limit) || limit < 1 || limit > LONGEST_PAGE)
    throw new ValidationError(`"limit" must be a whole number from 1 to ${LONGEST_PAGE}.`);
  if (cursor !== undefined && typeof cursor !== 'string')
    throw new ValidationError('"cursor" must be the cursor of the part before.');
  return { limit, cursor };
}
