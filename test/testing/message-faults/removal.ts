import { ValidationError } from '../../../src/index.js';
import type { Now } from '../../../src/messages/store.js';
import { asking, type Fault, type Faults, showing } from '../support/faulty-messages.js';

const recordsOutsideOfTransactions: Fault = (right) => ({
  checkTransaction: () => {},
  insert: (messages, { now }) => right.insert(messages, { now }),
});

const failsWhenAKeyIsTaken: Fault = (right) => ({
  async insert(messages, options) {
    const answers = await right.insert(messages, options);
    if (options.transaction === undefined || answers.every((answer) => answer === undefined)) return answers;
    throw new ValidationError('The key is taken.');
  },
});

/** Goes by the last message that it has claimed, as one who reads a log does. */
const skipsWhatIsCommittedLate: Fault = (right) => {
  let last = 0;
  return {
    async claim(request) {
      const claimed = (await right.claim(request)).filter(({ sendAfter }) => sendAfter >= last);
      last = Math.max(last, ...claimed.map(({ sendAfter }) => sendAfter));
      return claimed;
    },
  };
};

const dropsWhatComesFromThePast: Fault = (right) => {
  let last = 0;
  return {
    async insert(messages, { now = 0 }) {
      if (now < last) return messages.map(() => undefined);
      last = now;
      return right.insert(messages, { now });
    },
  };
};

const worksWhenClosed: Fault = () => ({ close: async () => {} });

function closing(failure: Error): Fault {
  return (right) => {
    let isClosed = false;
    return {
      close: async () => {
        isClosed = true;
        await right.close();
      },
      count: async (query) => {
        if (isClosed) throw failure;
        return right.count(query);
      },
    };
  };
}

const closesOnce: Fault = (right) => {
  let isClosed = false;
  return {
    async close() {
      if (isClosed) throw new ValidationError('It is closed.');
      isClosed = true;
      await right.close();
    },
  };
};

const present = (now: Now): number => now ?? Date.now();

export const removalFaults: Faults = {
  'removes messages that have been in a state for long enough, and no others': {
    'removes them at once': (right) => ({ purge: (request) => right.purge({ ...request, ages: { SENT: 0 } }) }),
    'never removes them': () => ({ purge: async () => 0 }),
    'counts from when they were recorded': (right) => ({
      purge: (request) => right.purge({ ...request, now: present(request.now) + 120_000 }),
    }),
    'removes any state': (right) => ({
      purge: (request) => right.purge({ ...request, ages: { ERROR: 3_600_000, WAITING: 3_600_000, ...request.ages } }),
    }),
  },
  'removes old messages in portions, of the named service alone': {
    'removes all at once': (right) => ({ purge: (request) => right.purge({ ...request, limit: 1000 }) }),
    'says nothing': (right) => ({ purge: async (request) => Math.min(0, await right.purge(request)) }),
    'removes those of all services': (right) => ({
      async purge(request) {
        await right.purge({ ...request, service: 'blog' });
        return right.purge(request);
      },
    }),
  },
  'erases a user: what was for nobody else is gone, and the rest names the user no more': {
    'erases nothing': (right) => ({ erase: (service, recipient) => right.count({ service, recipient }) }),
    'counts nothing': (right) => ({ erase: async (...of) => Math.min(0, await right.erase(...of)) }),
    'erases for all services': (right) => ({
      async erase(service, user) {
        await right.erase('blog', user);
        return right.erase(service, user);
      },
    }),
    'leaves the user in outcomes': showing(({ outcomes, recipients }) => ({
      outcomes: outcomes.map((one) => (recipients.users?.length === 2 ? { ...one, reason: 'of zoë-4711' } : one)),
    })),
    'drops the outcomes of others': showing(() => ({ outcomes: [] })),
  },
  'erases messages that are being sent and that wait, so that nobody sends them': {
    'leaves what waits': (right) => ({
      async erase(service, user) {
        const { messages } = await right.find({ service, recipient: user, states: ['WAITING'] }, { limit: 100 });
        const erased = await right.erase(service, user);
        const again = { sendAfter: { inMs: 0 }, expires: undefined };
        await right.insert(
          messages.map((message) => ({ ...message, ...again })),
          { now: 0 },
        );
        return erased;
      },
    }),
    'says that it settles them': () => ({ settle: async (settlements) => settlements.map(() => true) }),
  },
  'goes by its own clock where nobody turns one': {
    'stands at 1970': (right) => ({
      insert: (messages, { now = 0, ...options }) => right.insert(messages, { now, ...options }),
    }),
    'counts a time from now on in seconds': (right) => ({
      insert: (messages, options) =>
        right.insert(
          messages.map(({ sendAfter, ...rest }) => ({
            ...rest,
            sendAfter: sendAfter.at === undefined ? { inMs: sendAfter.inMs * 1000 } : sendAfter,
          })),
          options,
        ),
    }),
  },
  'ends a lease by its own clock where nobody turns one': {
    'never ends it': asking(({ lease }) => ({ lease: { ...lease, ms: 1e9 } })),
  },
  'goes by the clock that it is given, an hour ahead and an hour back': {
    'goes by its own': (right) => ({ claim: (request) => right.claim({ ...request, now: undefined }) }),
    'settles forwards only': (right) => ({
      settle: (settlements, now) => right.settle(settlements, Math.max(present(now), Date.UTC(2026, 0, 31, 12))),
    }),
  },
  'loses no message while the clock is turned an hour ahead and back': {
    'drops what comes from the past': dropsWhatComesFromThePast,
  },
  'refuses a transaction that it cannot record in, and records nothing then': {
    'records outside of it': recordsOutsideOfTransactions,
    'takes it at first': () => ({ checkTransaction: () => {} }),
  },
  'shows and sends nothing of a transaction before its commit': {
    'records outside of it': recordsOutsideOfTransactions,
  },
  'keeps nothing of a transaction that is rolled back, not even its idempotency keys': {
    'records outside of it': recordsOutsideOfTransactions,
  },
  'goes on in a transaction when an idempotency key is taken': { fails: failsWhenAKeyIsTaken },
  'claims the messages of a transaction that began early and ended late': {
    'skips what is committed late': skipsWhatIsCommittedLate,
  },
  'has a name, opens twice, migrates again, and keeps its messages': {
    'has no name': () => ({ name: '' }),
    'always migrates': () => ({ migrate: async () => ['first'] }),
    'opens once': () => {
      let isOpen = false;
      return {
        async open() {
          if (isOpen) throw new Error('It is open.');
          isOpen = true;
        },
      };
    },
  },
  'closes twice, refuses calls from then on, and works when it is opened again': {
    'works when it is closed': worksWhenClosed,
    'closes once': closesOnce,
    'fails with an error of its own': closing(new Error('no connection')),
    'stays closed': closing(new ValidationError('It is closed.')),
  },
  'tells of due messages that another process records, of the named service, until it is told to stop': {
    'never tells': () => ({ listen: async () => async () => {} }),
    'tells of all services': (right) => ({
      async listen(_service, wake) {
        const ends = [await right.listen?.('shop', wake), await right.listen?.('blog', wake)];
        return async () => {
          for (const end of ends) await end?.();
        };
      },
    }),
    'never stops': (right) => ({
      async listen(service, wake) {
        await right.listen?.(service, wake);
        return async () => {};
      },
    }),
  },
};
