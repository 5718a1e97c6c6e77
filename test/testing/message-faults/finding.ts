import { setImmediate } from 'node:timers/promises';
import type { Found, MessageStore, Page, StoredMessage, StoreQuery } from '../../../src/messages/store.js';
import { type Fault, type Faults, recording, showing } from '../support/faulty-messages.js';

type ReadMark = Parameters<MessageStore['markRead']>[0];

const isRefused = ({ state, reason }: StoredMessage): boolean => state === 'SKIPPED' && reason === 'canSend';

/** Looks for something else than what is asked for. */
function lookingFor(change: (query: StoreQuery) => Partial<StoreQuery>): Fault {
  return (right) => ({
    find: (query, page) => right.find({ ...query, ...change(query) }, page),
    count: (query) => right.count({ ...query, ...change(query) }),
  });
}

/** Takes a number of messages for a cursor, as an OFFSET does. */
async function byOffset(all: (page: Page) => Promise<Found>, { limit, cursor = '0' }: Page): Promise<Found> {
  const { messages } = await all({ limit: 1000 });
  const end = Number(cursor) + limit;
  return { messages: messages.slice(Number(cursor), end), cursor: end < messages.length ? String(end) : undefined };
}

const readsAndCancelsLater: Fault = (right) => ({
  async cancel(of, now) {
    const found = 'id' in of ? await right.get(of.service, [of.id]) : (await right.find(of, { limit: 1000 })).messages;
    await setImmediate();
    await right.cancel(of, now);
    return found.filter(({ state }) => state === 'WAITING').map(({ id }) => id);
  },
});

const marks =
  (change: (mark: ReadMark) => ReadMark): Fault =>
  (right) => ({
    markRead: (mark, now) => right.markRead(change(mark), now),
  });

export const findingFaults: Faults = {
  'cancels the waiting messages with a key, and says which': {
    'cancels one': (right) => ({ cancel: async (...of) => (await right.cancel(...of)).slice(0, 1) }),
    'cancels nothing': () => ({ cancel: async () => [] }),
    'says nothing': (right) => ({
      async cancel(...of) {
        await right.cancel(...of);
        return [];
      },
    }),
    'takes upper case for lower case': recording((message) => ({ ...message, key: message.key?.toLowerCase() })),
    'cancels for all services': (right) => ({
      async cancel(of, now) {
        await right.cancel({ ...of, service: 'blog' }, now);
        return right.cancel(of, now);
      },
    }),
  },
  'cancels a waiting message by its id, of the named service alone': {
    'cancels for all services': (right) => ({ cancel: (of, now) => right.cancel({ ...of, service: 'shop' }, now) }),
    'cancels all with the same key': (right) => ({
      cancel: (of, now) => right.cancel('id' in of ? { service: of.service, key: 'invite:42' } : of, now),
    }),
  },
  'cancels no message that is being sent or that has ended': {
    'says that it does': () => ({ cancel: async (of) => ('id' in of ? [of.id] : []) }),
  },
  'lets one win of two processes that cancel and claim messages at the same time': {
    'looks, and cancels later': readsAndCancelsLater,
  },
  'makes a message due at once that failed, was skipped or waits for its next try': {
    'does nothing, and says so': () => ({ retry: async () => false }),
    'does nothing': () => ({ retry: async () => true }),
    'retries for all services': (right) => ({ retry: (_service, id, now) => right.retry('shop', id, now) }),
    'retries much later': (right) => ({ retry: (service, id, now = 0) => right.retry(service, id, now + 1000) }),
  },
  'forgets the deaths of a message that is retried': {
    'remembers them': showing(() => ({ deaths: 1 })),
    'never counts them': showing(() => ({ deaths: 0 })),
  },
  'retries no message in another state, and none that is not there': {
    'says that it does': (right) => ({
      async retry(...of) {
        await right.retry(...of);
        return true;
      },
    }),
  },
  'finds messages by each filter alone and by several together, the newest first': {
    'ignores the states': lookingFor(() => ({ states: undefined })),
    'takes no state for any': lookingFor(({ states }) => ({ states: states?.length === 0 ? undefined : states })),
    'ignores the tag': lookingFor(() => ({ tag: undefined })),
    'ignores what it is about': lookingFor(() => ({ relatedTo: undefined })),
    'ignores the recipient': lookingFor(() => ({ recipient: undefined })),
    'ignores the event': lookingFor(() => ({ event: undefined })),
    'ignores the key': lookingFor(() => ({ key: undefined })),
    'ignores since': lookingFor(() => ({ since: undefined })),
    'ignores until': lookingFor(() => ({ until: undefined })),
    'takes in until': lookingFor(({ until }) => ({ until: until && until + 1 })),
    'has the oldest first': (right) => ({
      async find(...of) {
        const { messages, cursor } = await right.find(...of);
        return { messages: messages.toReversed(), cursor };
      },
    }),
    'counts all': (right) => ({ count: ({ service }) => right.count({ service }) }),
    'takes channels for users': recording((message) => ({
      ...message,
      recipients: { users: message.recipients.users ?? message.recipients.channels },
    })),
  },
  'tells apart names that differ in case, in accents, in blanks or in what stands for any letter': {
    'takes upper case for lower case': (right) => ({
      ...lookingFor(({ tag }) => ({ tag: tag?.toLowerCase() }))(right),
      ...recording((message) => ({ ...message, tag: message.tag?.toLowerCase() }))(right),
    }),
    'takes an empty name for none': lookingFor(({ key }) => ({ key: key || undefined })),
    'trims names': lookingFor(({ recipient }) => ({ recipient: recipient?.trimEnd() })),
  },
  'gives whole messages, and a cursor only where more follow': {
    'gives a cursor for each full page': (right) => ({
      async find(query, page) {
        const { messages, cursor } = await right.find(query, page);
        return { messages, cursor: messages.length === page.limit ? (cursor ?? '0') : undefined };
      },
    }),
    'leaves out the content': (right) => ({ find: showing(() => ({ content: '' }))(right).find ?? right.find }),
  },
  'gives each message on one page, while others come in and go': {
    'takes a number of messages for a cursor': (right) => ({
      find: (query, page) => byOffset((all) => right.find(query, all), page),
    }),
  },
  'counts a message as unread by each of its users until that one has read it': {
    'marks nothing': () => ({ markRead: async () => 1 }),
    'marks for everybody': (right) => ({
      async markRead(mark, now) {
        await right.markRead({ ...mark, user: 'bob' }, now);
        return right.markRead(mark, now);
      },
    }),
    'counts what was read': (right) => ({
      unreadCount: (service, recipient) => right.count({ service, recipient }),
    }),
    'says how many it was given': (right) => ({
      async markRead(mark, now) {
        await right.markRead(mark, now);
        return 'ids' in mark ? mark.ids.length : 1;
      },
    }),
  },
  'marks as read by ids, by tag or by what a message is about, and says how many were unread': {
    'says how many it was given': (right) => ({
      markRead: async (mark, now) =>
        'ids' in mark ? right.markRead(mark, now).then(() => mark.ids.length) : right.markRead(mark, now),
    }),
    'takes upper case for lower case': recording((message) => ({ ...message, tag: message.tag?.toLowerCase() })),
    'marks all that is about an order': recording((message) => ({
      ...message,
      relatedTo: message.relatedTo.map(({ type }) => ({ type, id: '42' })),
    })),
  },
  'marks nothing for a user whom a message is not for, nor for another service': {
    'marks for everybody': marks((mark) => ({ ...mark, user: 'ann' })),
    'marks for all services': marks((mark) => ({ ...mark, service: 'shop' })),
    'takes channels for users': recording((message) => ({
      ...message,
      recipients: { users: message.recipients.users ?? message.recipients.channels },
    })),
  },
  'counts no cancelled message as unread': {
    'counts it': (right) => ({ unreadCount: (service, recipient) => right.count({ service, recipient }) }),
    'gives it': (right) => ({ unread: (service, recipient, page) => right.find({ service, recipient }, page) }),
  },
  'counts no message as unread that its template refuses to the user, until it is due after all': {
    'counts it': (right) => ({
      unreadCount: async (service, recipient) =>
        (await right.unreadCount(service, recipient)) +
        (await right.find({ service, recipient, states: ['SKIPPED'] }, { limit: 100 })).messages.filter(isRefused)
          .length,
    }),
    'gives it': (right) => ({ unread: (service, recipient, page) => right.find({ service, recipient }, page) }),
    'leaves out all that was skipped': (right) => ({
      async unread(...of) {
        const { messages, cursor } = await right.unread(...of);
        return { messages: messages.filter(({ state }) => state !== 'SKIPPED'), cursor };
      },
    }),
    'leaves it out for its reason alone': (right) => ({
      async unread(...of) {
        const { messages, cursor } = await right.unread(...of);
        return { messages: messages.filter(({ reason }) => reason !== 'canSend'), cursor };
      },
    }),
    'forgets the reason when it is due after all': (right) => ({
      get: async (...of) => (await right.get(...of)).map((message) => ({ ...message, reason: undefined })),
    }),
    'counts it as read before': (right) => ({
      markRead: async (mark, now) => ('ids' in mark ? mark.ids.length : right.markRead(mark, now)),
    }),
  },
  'gives what a user has not read page by page, the newest first': {
    'takes a number of messages for a cursor': (right) => ({
      unread: (service, user, page) => byOffset((all) => right.unread(service, user, all), page),
    }),
  },
  'says who has read messages, and names no message that nobody has read': {
    'names all messages': (right) => ({
      async readers(ids) {
        const found = await right.readers(ids);
        return new Map(ids.map((id) => [id, found.get(id) ?? []]));
      },
    }),
    'names the first reader': (right) => ({
      readers: async (ids) => new Map([...(await right.readers(ids))].map(([id, users]) => [id, users.slice(0, 1)])),
    }),
  },
};
