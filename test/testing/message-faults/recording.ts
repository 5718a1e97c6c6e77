import { setImmediate } from 'node:timers/promises';
import { ValidationError } from '../../../src/index.js';
import type { NewMessage, Recorded, StoredMessage } from '../../../src/messages/store.js';
import { type Fault, type Faults, recording, showing } from '../support/faulty-messages.js';

const insertsOneByOne: Fault = (right) => ({
  async insert(messages, options) {
    const answers: (Recorded | undefined)[] = [];
    for (const message of messages) answers.push(...(await right.insert([message], options)));
    return answers;
  },
});

const ignoresAnIdThatIsThere: Fault = (right) => ({
  async insert(messages, options) {
    const answers: (Recorded | undefined)[] = [];
    for (const message of messages) answers.push(...(await right.insert([message], options).catch(() => [undefined])));
    return answers;
  },
});

const handsOutItsOwnLists: Fault = (right) => {
  const kept = new Map<string, StoredMessage>();
  return {
    async get(service, ids) {
      const found = await right.get(service, ids);
      for (const message of found) if (!kept.has(message.id)) kept.set(message.id, message);
      return found.flatMap(({ id }) => kept.get(id) ?? []);
    },
  };
};

/** Looks keys up by itself. */
function knowingKeysBy(nameOf: (message: NewMessage) => string, wait: () => Promise<void> = async () => {}): Fault {
  return (right, keys = new Map<string, Recorded>()) => ({
    async insert(messages, options) {
      const taken = messages.map((message) => message.idempotency && keys.get(nameOf(message)));
      await wait();
      for (const [n, { id, idempotency }] of messages.entries()) {
        if (taken[n] !== undefined || idempotency === undefined) continue;
        keys.set(nameOf(messages[n] as NewMessage), { id, digest: idempotency.digest });
      }
      const free = messages.filter((_, n) => taken[n] === undefined);
      const plain = free.map((message) => ({ ...message, idempotency: undefined }));
      await right.insert(plain, options);
      return taken;
    },
  });
}

const byKey = ({ service, idempotency }: NewMessage): string => JSON.stringify([service, idempotency?.key]);

const recordsNoneWhenOneIsTaken: Fault = (right) => {
  const keys = new Map<string, Recorded>();
  return {
    async insert(messages, options) {
      const taken = messages.map((message) => message.idempotency && keys.get(message.idempotency.key));
      if (taken.some((one) => one !== undefined)) return taken;
      for (const { id, idempotency } of messages) if (idempotency) keys.set(idempotency.key, { ...idempotency, id });
      return right.insert(messages, options);
    },
  };
};

const forgetsKeysWithTheirMessages: Fault = (right) => {
  let isPurged = false;
  return {
    async purge(request) {
      isPurged = true;
      return right.purge(request);
    },
    insert: (messages, options) =>
      right.insert(isPurged ? messages.map((message) => ({ ...message, idempotency: undefined })) : messages, options),
  };
};

export const recordingFaults: Faults = {
  'keeps each field of a message': {
    'forgets the tag': recording((message) => ({ ...message, tag: undefined })),
    'forgets the urgency': recording((message) => ({ ...message, priority: 'normal' })),
    'keeps one related object': recording((message) => ({ ...message, relatedTo: message.relatedTo.slice(0, 1) })),
    'keeps times in seconds': showing(({ sendAfter }) => ({ sendAfter: Math.floor(sendAfter / 1000) * 1000 })),
    'counts the recording as an attempt': showing(() => ({ attempts: 1 })),
    'keeps no key': showing(() => ({ idempotencyKey: undefined })),
  },
  'keeps every text as it is, empty or not, in any script': {
    'normalises texts': recording((message) => ({ ...message, content: message.content.normalize() })),
    'trims texts': recording((message) => ({ ...message, details: message.details.trim() })),
    'takes an empty text for none': recording((message) => ({ ...message, tag: message.tag || undefined })),
    'cuts long texts': recording((message) => ({ ...message, content: message.content.slice(0, 65_535) })),
  },
  'keeps 10 000 users and 10 000 channels in their order': {
    'sorts users': showing(({ recipients }) =>
      recipients.users === undefined ? {} : { recipients: { users: recipients.users.toSorted() } },
    ),
    'keeps 1 000 channels': showing(({ recipients }) =>
      recipients.channels === undefined ? {} : { recipients: { channels: recipients.channels.slice(0, 1000) } },
    ),
  },
  'records 2 000 messages in one call, and gives them back in another': {
    'gives 999': (right) => ({ get: (service, ids) => right.get(service, ids.slice(0, 999)) }),
    'records 999': (right) => ({
      insert: async (all, options) => {
        await right.insert(all.slice(0, 999), options);
        return all.map(() => undefined);
      },
    }),
  },
  'takes an empty list in every call that takes a list': {
    'wants a message': (right) => ({
      async insert(messages, options) {
        if (messages.length === 0) throw new ValidationError('There is no message.');
        return right.insert(messages, options);
      },
    }),
  },
  'records a message as SENDING under a lease, and as WAITING without one': {
    'ignores the lease': recording((message) => ({ ...message, lease: undefined })),
    'makes a lease up': recording((message) => ({ ...message, lease: message.lease ?? { token: 'mine', ms: 1000 } })),
  },
  'records all messages of a call, or none when one of them cannot be recorded': {
    'records one by one': insertsOneByOne,
    'ignores an id that is there': ignoresAnIdThatIsThere,
  },
  'gives a message to its own service alone, and leaves out what is not there': {
    'looks in all services': (right) => ({
      get: async (_service, ids) => [...(await right.get('shop', ids)), ...(await right.get('Shop', ids))],
    }),
    'takes upper case for lower case': (right) => ({
      ...recording((message) => ({ ...message, service: message.service.toLowerCase() }))(right),
      get: (service, ids) => right.get(service.toLowerCase(), ids),
    }),
  },
  'does not change a message when the caller changes what it was given or got': {
    'hands out its own lists': handsOutItsOwnLists,
  },
  'leaves out a message whose idempotency key is taken, and says whose it is': {
    'records it again': recording((message) => ({ ...message, idempotency: undefined })),
    'says nothing': (right) => ({ insert: async (...of) => (await right.insert(...of)).map(() => undefined) }),
    'gives the digest that it is given': (right) => ({
      insert: async (messages, options) =>
        (await right.insert(messages, options)).map(
          (answer, n) => answer && { id: answer.id, digest: messages[n]?.idempotency?.digest ?? '' },
        ),
    }),
  },
  'records the other messages of a call when an idempotency key is taken': {
    'records none': recordsNoneWhenOneIsTaken,
  },
  'takes the first of two messages with one idempotency key in one call': {
    'looks before it records': knowingKeysBy(byKey),
  },
  'has idempotency keys for each service': {
    'has one set of keys': knowingKeysBy(({ idempotency }) => idempotency?.key ?? ''),
  },
  'tells apart idempotency keys that differ in case, in accents or in blanks at the end': {
    'trims keys': recording((message) => withKey(message, (key) => key.trim())),
    'takes upper case for lower case': recording((message) => withKey(message, (key) => key.toLowerCase())),
  },
  'remembers an idempotency key until its time is over, and takes it anew then': {
    'never forgets': recording((message) => withTime(message, 1e9)),
    'forgets at once': recording((message) => withTime(message, 1e-9)),
  },
  'remembers an idempotency key of a message that is gone': {
    'forgets it with the message': forgetsKeysWithTheirMessages,
  },
  'lets one of two processes have an idempotency key when both ask at the same time': {
    'looks, and records later': knowingKeysBy(byKey, () => setImmediate()),
  },
};

function withKey(message: NewMessage, change: (key: string) => string): NewMessage {
  const { idempotency } = message;
  return idempotency === undefined
    ? message
    : { ...message, idempotency: { ...idempotency, key: change(idempotency.key) } };
}

function withTime(message: NewMessage, factor: number): NewMessage {
  const { idempotency } = message;
  if (idempotency === undefined) return message;
  return { ...message, idempotency: { ...idempotency, ttlMs: idempotency.ttlMs * factor } };
}
