import { ValidationError } from '../../../src/index.js';
import { memoryMessages } from '../../../src/messages/memory/index.js';
import type {
  ClaimedMessage,
  ClaimRequest,
  MessageStore,
  NewMessage,
  Now,
  Recorded,
  Settlement,
  StoredMessage,
} from '../../../src/messages/store.js';
import type { TemplateStore } from '../../../src/messages/template-store.js';
import type { MessageStoreHarness, MessageStoreSubject, OpenTransaction } from '../../../src/testing/index.js';

/** Makes a store that does something wrong out of one that does all right. */
export type Fault = (right: MessageStore) => Partial<MessageStore>;
/** Faults, in words, by the name of the case that must find them. */
export type Faults = Readonly<Record<string, Readonly<Record<string, Fault>>>>;

/** What a transaction is to record when it is committed. */
class Staged {
  readonly messages: (readonly [message: NewMessage, now: Now])[] = [];
}

/** Stores in memory, which take transactions and tell of what another process records, as one in a database does. */
export function faultyMessages(
  fault: Fault,
  more: (store: MessageStore) => Partial<MessageStoreSubject> = () => ({}),
): MessageStoreHarness {
  return {
    create() {
      const keys = new Map<string, Recorded>();
      const wakes = new Set<readonly [service: string, wake: () => void]>();
      const right = withTransactions(bound(memoryMessages()), keys);
      const listening: MessageStore = {
        ...right,
        async listen(service, wake) {
          const entry = [service, wake] as const;
          wakes.add(entry);
          return async () => void wakes.delete(entry);
        },
      };
      const store = { ...listening, ...fault(listening) };
      const another: MessageStore = {
        ...store,
        async insert(messages, options) {
          const answers = await store.insert(messages, options);
          for (const [service, wake] of wakes) if (messages.some((one) => one.service === service)) wake();
          return answers;
        },
        close: async () => {},
      };
      return { store, another: () => another, transaction: { begin: () => begin(store) }, ...more(store) };
    },
    waitMs: 20,
    quietMs: 1,
  };
}

function withTransactions(right: MessageStore, keys: Map<string, Recorded>): MessageStore {
  const nameOf = ({ service, idempotency }: NewMessage): string => JSON.stringify([service, idempotency?.key]);
  const checkTransaction = (transaction: unknown): void => {
    if (!(transaction instanceof Staged)) throw new ValidationError('This is no transaction.');
  };
  return {
    ...right,
    checkTransaction,
    async insert(messages, { now, transaction }) {
      if (transaction === undefined) {
        const answers = await right.insert(messages, { now });
        for (const [n, message] of messages.entries()) {
          if (answers[n] !== undefined || message.idempotency === undefined) continue;
          keys.set(nameOf(message), { id: message.id, digest: message.idempotency.digest });
        }
        return answers;
      }
      checkTransaction(transaction);
      return messages.map((message) => {
        const taken = message.idempotency && keys.get(nameOf(message));
        if (taken === undefined) (transaction as Staged).messages.push([message, now]);
        return taken;
      });
    },
  };
}

function begin(store: MessageStore): OpenTransaction {
  const transaction = new Staged();
  return {
    transaction,
    async commit() {
      for (const [message, now] of transaction.messages) await store.insert([message], { now });
    },
    rollback: () => {},
  };
}

/** The methods of a store as functions, which can be spread. */
export function bound(store: MessageStore): MessageStore {
  return {
    name: store.name,
    templates: boundTemplates(templatesOf(store)),
    open: () => store.open(),
    close: () => store.close(),
    migrate: () => store.migrate(),
    insert: (messages, options) => store.insert(messages, options),
    claim: (request) => store.claim(request),
    due: (request) => store.due(request),
    begin: (token, ids) => store.begin(token, ids),
    renew: (lease, ids, now) => store.renew(lease, ids, now),
    append: (appended) => store.append(appended),
    settle: (settlements, now) => store.settle(settlements, now),
    get: (service, ids) => store.get(service, ids),
    find: (query, page) => store.find(query, page),
    count: (query) => store.count(query),
    cancel: (of, now) => store.cancel(of, now),
    retry: (service, id, now) => store.retry(service, id, now),
    markRead: (mark, now) => store.markRead(mark, now),
    unread: (service, user, page) => store.unread(service, user, page),
    unreadCount: (service, user) => store.unreadCount(service, user),
    readers: (ids) => store.readers(ids),
    purge: (request) => store.purge(request),
    erase: (service, user) => store.erase(service, user),
    unclaimed: (service, conditions, now) => store.unclaimed(service, conditions, now),
  };
}

function boundTemplates(templates: TemplateStore): TemplateStore {
  return {
    saveTemplate: (template, now) => templates.saveTemplate(template, now),
    getTemplate: (service, slug, version) => templates.getTemplate(service, slug, version),
    listTemplates: (service, page) => templates.listTemplates(service, page),
    removeTemplate: (service, slug) => templates.removeTemplate(service, slug),
    setTemplateActive: (service, slug, isActive) => templates.setTemplateActive(service, slug, isActive),
  };
}

function templatesOf({ templates }: MessageStore): TemplateStore {
  if (templates === undefined) throw new Error('The store keeps no templates.');
  return templates;
}

/** Does something wrong with templates. */
export function templating(change: (right: TemplateStore) => Partial<TemplateStore>): Fault {
  return (right) => ({ templates: { ...templatesOf(right), ...change(templatesOf(right)) } });
}

/** Records something else than what it is given. */
export function recording(change: (message: NewMessage, n: number) => NewMessage): Fault {
  return (right) => ({ insert: (messages, options) => right.insert(messages.map(change), options) });
}

/** Shows messages as they are not. */
export function showing(change: (message: StoredMessage) => Partial<StoredMessage>): Fault {
  const shown = (message: StoredMessage): StoredMessage => ({ ...message, ...change(message) });
  return (right) => ({
    get: async (...of) => (await right.get(...of)).map(shown),
    async find(...of) {
      const { messages, cursor } = await right.find(...of);
      return { messages: messages.map(shown), cursor };
    },
  });
}

/** Claims something else than what is asked for. */
export function asking(change: (request: ClaimRequest) => Partial<ClaimRequest>): Fault {
  return (right) => ({ claim: (request) => right.claim({ ...request, ...change(request) }) });
}

/** Answers a claim otherwise. */
export function claiming(
  change: (claimed: readonly ClaimedMessage[], request: ClaimRequest) => readonly ClaimedMessage[],
): Fault {
  return (right) => ({ claim: async (request) => change(await right.claim(request), request) });
}

/** Settles otherwise than it is told. */
export function settling(change: (settlement: Settlement) => Partial<Settlement>): Fault {
  return (right) => ({
    settle: (settlements, now) =>
      right.settle(
        settlements.map((one) => ({ ...one, ...change(one) })),
        now,
      ),
  });
}
