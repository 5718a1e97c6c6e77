import type { DueMessage, DueRequest, MessageStore } from '../../../src/messages/store.js';
import { asking, claiming, type Fault, type Faults } from '../support/faulty-messages.js';

/** Looks for what somebody should have taken by another request, or tells of it otherwise. */
function finding(
  ask: (request: DueRequest) => Partial<DueRequest>,
  tell: (found: readonly DueMessage[], right: MessageStore) => readonly DueMessage[] = (found) => found,
): Fault {
  return (right) => ({ due: async (request) => tell(await right.due({ ...request, ...ask(request) }), right) });
}

const telling = (change: (found: readonly DueMessage[]) => readonly DueMessage[]): Fault => finding(() => ({}), change);

const ignoresTheIds = asking(() => ({ ids: undefined }));
const everyCondition = asking(() => ({ conditions: ['unread', 'unknown'] }));

/** Claims the named ones, and then others, until there are as many as may be. */
const fillsUp: Fault = (right) => ({
  async claim(request) {
    const claimed = await right.claim(request);
    if (request.ids === undefined || claimed.length === 0) return claimed;
    return [...claimed, ...(await right.claim({ ...request, ids: undefined }))];
  },
});

const ignoresTheService: Fault = (right) => ({
  async claim(request) {
    const claimed = await right.claim(request);
    return claimed.length === 0 && request.ids ? right.claim({ ...request, service: 'blog' }) : claimed;
  },
});

const dropsTheFirst: Fault = (right) => ({
  due: async (request) => {
    const found = await right.due(request);
    const [first] = found;
    if (first?.state === 'SENDING') await right.claim({ ...request, lease: { token: 'a', ms: 60_000 } });
    return found;
  },
});

export const claimingByIdFaults: Faults = {
  'claims among the named messages alone those that are due, by priority, then by when they were due': {
    'ignores the ids': ignoresTheIds,
    'fills up with others': fillsUp,
    'claims one': asking(({ ids }) => (ids === undefined ? {} : { limit: 1 })),
    'takes the youngest first': claiming((all) => all.toReversed()),
    'is early': asking(({ ids, now = 0 }) => (ids === undefined ? {} : { now: now + 1 })),
    'says that it is not begun': claiming((all) => all.map((message) => ({ ...message, isBegun: false }))),
  },
  'claims no named message of another service or with a condition that the worker does not know': {
    'claims with any condition': everyCondition,
    'claims for all services': ignoresTheService,
  },
  'claims a named message whose lease ran out alone, and counts its death': {
    'ignores the ids': ignoresTheIds,
    'claims what is due instead': asking(({ ids, now = 0 }) => (ids === undefined ? {} : { now: now - 60_000 })),
    'claims others beside it': (right) => ({
      async claim(request) {
        const claimed = await right.claim(request);
        return claimed[0]?.isBegun === false ? [...claimed, ...(await right.claim(request))] : claimed;
      },
    }),
    'says that it is begun': claiming((all) => all.map((message) => ({ ...message, isBegun: true }))),
    'counts no death': claiming((all) => all.map((message) => ({ ...message, deaths: 0 }))),
  },
  'finds what nobody has taken: lost leases, then what is due, by priority, then by when it was due': {
    'finds nothing': telling(() => []),
    'finds no lost leases': telling((found) => found.filter(({ state }) => state !== 'SENDING')),
    'gives lost leases last': telling((found) => found.toSorted((one, other) => rankOf(one) - rankOf(other))),
    'ignores the limit': finding(() => ({ limit: 100 })),
    'takes what it finds': dropsTheFirst,
    'tells of the ids alone': telling((found) => found.map(({ id }) => ({ id }) as DueMessage)),
    'finds what is for another service': (right) => ({
      due: async (request) => [...(await right.due(request)), ...(await right.due({ ...request, service: 'blog' }))],
    }),
  },
  'finds what nobody has taken for longer than the grace, and no more': {
    'knows no grace': finding(() => ({ graceMs: 0 })),
    'takes twice the grace': finding(({ graceMs }) => ({ graceMs: 2 * graceMs })),
    'is early': finding(({ graceMs }) => ({ graceMs: graceMs - 1 })),
  },
  'finds what nobody has taken without a condition, or with one that the worker knows': {
    'finds all': finding(() => ({ conditions: ['unread', 'unknown'] })),
    'finds none with a condition': finding(() => ({ conditions: [] })),
  },
  'tells how often a message that nobody has taken was tried': {
    'tells of none': telling((found) => found.map((message) => ({ ...message, attempts: 0 }))),
    'tells of another state': telling((found) => found.map((message) => ({ ...message, state: 'WAITING' }))),
  },
};

function rankOf({ state }: DueMessage): number {
  return state === 'SENDING' ? 1 : 0;
}
