import { setImmediate } from 'node:timers/promises';
import type { MessageState } from '../../../src/messages/states.js';
import type { Settlement } from '../../../src/messages/store.js';
import { type Fault, type Faults, settling, showing } from '../support/faulty-messages.js';

/** Remembers the settlement of each message before. */
function rememberingThe(
  change: (settlement: Settlement, before: Settlement | undefined) => Partial<Settlement>,
): Fault {
  return (right, before = new Map<string, Settlement>()) => ({
    settle(settlements, now) {
      const changed = settlements.map((one) => ({ ...one, ...change(one, before.get(one.id)) }));
      for (const one of settlements) before.set(one.id, one);
      return right.settle(changed, now);
    },
  });
}

const losesWhatIsAppendedMeanwhile: Fault = (right) => {
  let isBusy = false;
  return {
    async append(appended) {
      if (isBusy) return;
      isBusy = true;
      await right.append(appended);
      await setImmediate();
      isBusy = false;
    },
  };
};

/** Takes any state for one that may follow. */
const settlesAnything: Fault = (right) => {
  const states = new Map<string, MessageState>();
  const shown = showing(({ id, state }) => ({ state: states.get(id) ?? state }));
  return {
    ...shown(right),
    async settle(settlements, now) {
      const answers = await right.settle(settlements, now);
      for (const [n, { id, state }] of settlements.entries()) if (answers[n] === false) states.set(id, state);
      return answers.map(() => true);
    },
  };
};

const refuses =
  (state: MessageState): Fault =>
  (right) => ({
    settle: async (settlements, now) =>
      settlements.some((one) => one.state === state) ? settlements.map(() => false) : right.settle(settlements, now),
  });

const saysThatItRetries: Fault = () => ({ retry: async () => true });
const saysThatItCancels: Fault = () => ({ cancel: async (of) => ('id' in of ? [of.id] : []) });
const retriesNothing: Fault = () => ({ retry: async () => false });
const cancelsNothing: Fault = () => ({ cancel: async () => [] });

export const settlingFaults: Faults = {
  'keeps each field of a settlement': {
    'forgets the reason': settling(() => ({ reason: undefined })),
    'forgets the status of an error': settling(({ error }) => ({ error: error && { ...error, status: undefined } })),
    'counts attempts by itself': rememberingThe((_one, before) => ({ attempts: before === undefined ? 1 : 2 })),
    'keeps the channels that were accepted': settling(({ outcomes }) => ({
      outcomes: outcomes.filter(({ state }) => state === 'accepted'),
    })),
    'forgets whom channels belong to': settling(({ outcomes }) => ({
      outcomes: outcomes.map((outcome) => ({ ...outcome, users: undefined })),
    })),
  },
  'keeps the time at which a message was due when a settlement names none, and takes a date': {
    'takes the present for none': settling(({ sendAfter }) => ({ sendAfter: sendAfter ?? { inMs: 0 } })),
    'never changes it': settling(() => ({ sendAfter: undefined })),
  },
  'notes when a message became SENT, and no time for another state': {
    'notes the time of any state': showing(({ changedAt }) => ({ sentAt: changedAt })),
    'notes no time': showing(() => ({ sentAt: undefined })),
    'keeps the error of the try before': rememberingThe(({ error }, before) => ({ error: error ?? before?.error })),
    'never changes changedAt': showing(({ createdAt }) => ({ changedAt: createdAt })),
  },
  'empties the content when a settlement says so, and nothing else': {
    'never empties it': settling(() => ({ dropsContent: false })),
    'always empties it': settling(() => ({ dropsContent: true })),
    'empties the details, too': showing(({ content, details }) => ({ details: content === '' ? '' : details })),
  },
  'puts the outcomes of a settlement in place of those of the settlement before': {
    'adds them': rememberingThe(({ outcomes }, before) => ({ outcomes: [...(before?.outcomes ?? []), ...outcomes] })),
    'keeps the first': rememberingThe(({ outcomes }, before) => ({ outcomes: before?.outcomes ?? outcomes })),
  },
  'appends outcomes whoever holds the message, before those of any settlement': {
    'appends nothing': () => ({ append: async () => {} }),
    'appends while it is held': (right) => ({
      async append(appended) {
        const held = await right.get(
          'shop',
          appended.map(({ id }) => id),
        );
        if (held.every(({ state }) => state === 'SENDING')) await right.append(appended);
      },
    }),
    'has them behind': showing(({ outcomes }) => ({ outcomes: outcomes.toReversed() })),
  },
  'loses none of the outcomes that are appended at the same time': {
    'loses what comes meanwhile': losesWhatIsAppendedMeanwhile,
    'fails for a message that is gone': (right) => ({
      async append(appended) {
        const found = await right.get(
          'shop',
          appended.map(({ id }) => id),
        );
        if (found.length < appended.length) throw new Error('There is no such message.');
        await right.append(appended);
      },
    }),
  },
  'settles many messages in one call, and answers for each in their order': {
    'answers once': (right) => ({ settle: async (...of) => (await right.settle(...of)).slice(0, 1) }),
    'answers in another order': (right) => ({ settle: async (...of) => (await right.settle(...of)).toSorted() }),
    'settles all or none': (right) => ({
      async settle(settlements, now) {
        const held = settlements.every(({ token }) => token !== 'nobody');
        return held ? right.settle(settlements, now) : settlements.map(() => false);
      },
    }),
  },
  'lets SENDING, CANCELLED follow on WAITING, and no other state': {
    'settles anything': settlesAnything,
    'cancels nothing': cancelsNothing,
    'says that it retries anything': saysThatItRetries,
  },
  'lets SENT, ERROR_RETRY, ERROR, DEBUG, SKIPPED, CANCELLED, WAITING follow on SENDING, and no other state': {
    'settles anything': settlesAnything,
    'refuses DEBUG': refuses('DEBUG'),
    'refuses CANCELLED': refuses('CANCELLED'),
    'takes SKIPPED for SENT': settling(({ state }) => ({ state: state === 'SKIPPED' ? 'SENT' : state })),
  },
  'lets SENDING, CANCELLED, WAITING follow on ERROR_RETRY, and no other state': {
    'settles anything': settlesAnything,
    'cancels nothing': cancelsNothing,
    'retries nothing': retriesNothing,
  },
  'lets WAITING follow on ERROR, and no other state': {
    'settles anything': settlesAnything,
    'retries nothing': retriesNothing,
    'says that it cancels anything': saysThatItCancels,
  },
  'lets WAITING follow on SKIPPED, and no other state': {
    'settles anything': settlesAnything,
    'retries nothing': retriesNothing,
  },
  'lets no state follow on SENT': { 'settles anything': settlesAnything, 'says that it retries': saysThatItRetries },
  'lets no state follow on DEBUG': { 'settles anything': settlesAnything, 'says that it cancels': saysThatItCancels },
  'lets no state follow on CANCELLED': {
    'settles anything': settlesAnything,
    'says that it retries': saysThatItRetries,
  },
};
