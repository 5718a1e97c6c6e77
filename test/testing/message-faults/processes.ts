import { setImmediate } from 'node:timers/promises';
import type { Fault, Faults } from '../support/faulty-messages.js';
import { claimsWhatAnotherClaims } from './claiming.js';

/** Fails where a database would find two calls that wait for one another. */
function deadlocking(method: 'append' | 'insert'): Fault {
  return (right) => {
    let isBusy = false;
    const exclusively = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (isBusy) throw new Error('deadlock detected');
      isBusy = true;
      try {
        const result = await work();
        await setImmediate();
        return result;
      } finally {
        isBusy = false;
      }
    };
    if (method === 'append') return { append: (...of) => exclusively(() => right.append(...of)) };
    return { insert: (...of) => exclusively(() => right.insert(...of)) };
  };
}

const countsBeforeItMarks: Fault = (right) => ({
  async markRead(mark, now) {
    const before = await right.unreadCount(mark.service, mark.user);
    await setImmediate();
    await right.markRead(mark, now);
    return before;
  },
});

const countsBeforeItPurges: Fault = (right) => ({
  async purge(request) {
    const before = await right.count({ service: request.service, states: ['WAITING'] });
    await setImmediate();
    await right.purge(request);
    return before;
  },
});

export const processFaults: Faults = {
  'gives a message whose lease ran out to one of two processes that claim at the same time': {
    'gives both the same': claimsWhatAnotherClaims,
    'gives none': () => ({ claim: async () => [] }),
  },
  'lets one win of a process that settles too late and one that claims at the same time': {
    'says that both win': (right) => ({
      async settle(settlements, now) {
        await right.settle(settlements, now);
        return settlements.map(() => true);
      },
    }),
    'lets both lose': () => ({ settle: async () => [false], claim: async () => [] }),
  },
  'retries a message once when two processes ask for it at the same time': {
    'says yes to both': (right) => ({
      async retry(...of) {
        await right.retry(...of);
        return true;
      },
    }),
  },
  'counts a message as read once when two processes mark it at the same time': {
    'counts, and marks later': countsBeforeItMarks,
  },
  'removes an old message once when two processes purge at the same time': {
    'counts, and removes later': countsBeforeItPurges,
  },
  'takes what two processes write to the same messages, in whatever order they name them': {
    'has two writers wait for one another': deadlocking('append'),
    'loses the lease': () => ({ renew: async (_lease, ids) => ids }),
  },
  'records one message for each idempotency key when two processes name them in different orders': {
    'has two writers wait for one another': deadlocking('insert'),
  },
};
