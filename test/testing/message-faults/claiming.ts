import { setImmediate } from 'node:timers/promises';
import type { ClaimedMessage, ClaimRequest, MessageStore } from '../../../src/messages/store.js';
import { asking, claiming, type Fault, type Faults, recording, settling, showing } from '../support/faulty-messages.js';

const everyCondition = ['unread', 'Unread', 'shop is open', 'unknown', 'other'];

/** Hands back what was claimed, as if nobody had claimed it. */
async function handBack(right: MessageStore, claimed: readonly ClaimedMessage[], { now }: ClaimRequest): Promise<void> {
  const rest = { state: 'WAITING', attempts: 0, retrySending: false, outcomes: [], dropsContent: false } as const;
  await right.settle(
    claimed.map(({ id, token }) => ({ ...rest, id, token })),
    now,
  );
}

const claimsTwice: Fault = (right) => ({
  async claim(request) {
    const claimed = await right.claim(request);
    await handBack(right, claimed, request);
    return claimed;
  },
});

const claimsForAllServices: Fault = (right) => ({
  async claim(request) {
    const claimed: ClaimedMessage[] = [];
    for (const service of ['shop', 'Shop', 'blog']) claimed.push(...(await right.claim({ ...request, service })));
    return claimed;
  },
});

/** Takes the first that are due, and drops those with unknown conditions afterwards. */
const looksAtTheFirstOnly: Fault = (right) => ({
  async claim(request) {
    const claimed = await right.claim({ ...request, conditions: everyCondition });
    const unknown = claimed.filter(({ condition = '' }) => condition !== '' && !request.conditions.includes(condition));
    await handBack(right, unknown, request);
    return claimed.filter((message) => !unknown.includes(message));
  },
});

export const claimsWhatAnotherClaims: Fault = (right) => {
  let last: Promise<readonly ClaimedMessage[]> | undefined;
  return {
    async claim(request) {
      const shared = last;
      if (shared !== undefined) return (await shared).map((message) => ({ ...message, token: request.lease.token }));
      last = right.claim(request);
      const claimed = await last;
      await setImmediate();
      last = undefined;
      return claimed;
    },
  };
};

const claimsOthersBesideTheDead: Fault = (right) => ({
  async claim(request) {
    const claimed = await right.claim(request);
    return claimed[0]?.isBegun === false ? [...claimed, ...(await right.claim(request))] : claimed;
  },
});

const claimsTheDeadLast: Fault = (right) => {
  const dead: ClaimedMessage[] = [];
  return {
    async claim(request) {
      for (;;) {
        const claimed = await right.claim(request);
        if (claimed[0]?.isBegun === false) dead.push(...claimed);
        else if (claimed.length > 0) return claimed;
        else return dead.splice(0, 1).map((message) => ({ ...message, token: request.lease.token }));
      }
    },
  };
};

const claimsAnyDead: Fault = (right) => ({
  async claim(request) {
    const [dead] = await right.claim({ ...request, limit: 1, conditions: everyCondition });
    if (dead?.isBegun === false) return [dead];
    await handBack(right, dead === undefined ? [] : [dead], request);
    return right.claim(request);
  },
});

const countsEveryDeath: Fault = (right) => ({
  async claim(request) {
    const claimed = await right.claim(request);
    await right.begin(
      request.lease.token,
      claimed.map(({ id }) => id),
    );
    return claimed;
  },
});

/** Knows by whom each message was claimed last, so that it can pass for them. */
const ignoresTheToken: Fault = (right) => {
  const tokens = new Map<string, string>();
  return {
    async claim(request) {
      const claimed = await right.claim(request);
      for (const { id, token } of claimed) tokens.set(id, token);
      return claimed;
    },
    settle: (settlements, now) =>
      right.settle(
        settlements.map((one) => ({ ...one, token: tokens.get(one.id) ?? one.token })),
        now,
      ),
  };
};

const settlesInTimeOnly: Fault = (right) => {
  const ends = new Map<string, number>();
  return {
    async insert(messages, options) {
      for (const { id, lease } of messages) if (lease) ends.set(id, (options.now ?? 0) + lease.ms);
      return right.insert(messages, options);
    },
    settle: async (settlements, now = 0) =>
      settlements.some(({ id }) => (ends.get(id) ?? now) < now)
        ? settlements.map(() => false)
        : right.settle(settlements, now),
  };
};

export const claimingFaults: Faults = {
  'claims what is due by priority, then by when it was due': {
    'goes by time alone': claiming((all) => all.toSorted((one, other) => one.sendAfter - other.sendAfter)),
    'goes by priority alone': recording((message) => ({ ...message, sendAfter: { inMs: 0 } })),
    'takes the youngest first': claiming((all) => all.toReversed()),
  },
  'claims no more than the limit, and the rest later': {
    'claims all': asking(() => ({ limit: 100 })),
    'claims one': asking(() => ({ limit: 1 })),
  },
  'claims no message before it is due, by a date or by a time from now on': {
    'is a moment early': asking(({ now = 0 }) => ({ now: now + 1 })),
    'is a moment late': asking(({ now = 0 }) => ({ now: now - 1 })),
    'takes all for due': recording((message) => ({ ...message, sendAfter: { inMs: 0 } })),
  },
  'makes SENDING of what it claims, begun, and claims it no second time': {
    'claims it twice': claimsTwice,
    'says that it is not begun': claiming((all) => all.map((message) => ({ ...message, isBegun: false }))),
    'shows it as WAITING': claiming((all) => all.map((message) => ({ ...message, state: 'WAITING' }))),
    'counts the claim as an attempt': claiming((all) => all.map((message) => ({ ...message, attempts: 1 }))),
  },
  'gives all that it keeps of a message to whoever claims it': {
    'leaves out the content': claiming((all) => all.map((message) => ({ ...message, content: '' }))),
    'sorts users': claiming((all) =>
      all.map((message) => ({ ...message, recipients: { users: (message.recipients.users ?? []).toSorted() } })),
    ),
  },
  'claims messages of the named service alone': { 'claims for all services': claimsForAllServices },
  'claims messages without a condition, and those whose condition the worker knows': {
    'claims any': asking(() => ({ conditions: everyCondition })),
    'claims none': asking(() => ({ conditions: [] })),
    'takes upper case for lower case': asking(({ conditions }) => ({
      conditions: conditions.map((name) => name.toLowerCase()),
    })),
  },
  'claims what is due behind many messages with conditions that the worker does not know': {
    'looks at the first only': looksAtTheFirstOnly,
  },
  'counts the due messages whose condition no worker knows, by condition': {
    'counts all': (right) => ({ unclaimed: (service, _conditions, now) => right.unclaimed(service, [], now) }),
    'counts none': () => ({ unclaimed: async () => new Map() }),
    'counts what is not due': (right) => ({
      unclaimed: (service, conditions, now) => right.unclaimed(service, conditions, (now ?? 0) + 3_600_000),
    }),
    'counts for all services': (right) => ({
      unclaimed: async (_service, conditions, now) =>
        new Map([
          ...(await right.unclaimed('blog', conditions, now)),
          ...(await right.unclaimed('shop', conditions, now)),
        ]),
    }),
  },
  'says whether a message has expired by the time of the claim': {
    'says no': claiming((all) => all.map((message) => ({ ...message, isExpired: false }))),
    'goes by a clock of its own': claiming((all) =>
      all.map((message) => ({ ...message, isExpired: (message.expiresAt ?? Date.now()) < Date.now() })),
    ),
    'does not claim it': claiming((all) => all.filter(({ isExpired }) => !isExpired)),
  },
  'claims no message twice when two processes claim at the same time': {
    'gives both the same': claimsWhatAnotherClaims,
  },
  'claims a message again when its lease has run out, and not before': {
    'never claims it again': claiming((all) => all.filter(({ isBegun }) => isBegun)),
    'ends leases early': asking(({ lease }) => ({ lease: { ...lease, ms: lease.ms / 2 } })),
    'ends leases late': recording((message) => ({
      ...message,
      lease: message.lease && { ...message.lease, ms: 2 * message.lease.ms },
    })),
  },
  'claims a message whose lease ran out alone, and before all others': {
    'claims others beside it': claimsOthersBesideTheDead,
    'claims it last': claimsTheDeadLast,
    'says that it is begun': claiming((all) => all.map((message) => ({ ...message, isBegun: true }))),
  },
  'claims no message of another service or with an unknown condition when its lease ran out': {
    'claims any': claimsAnyDead,
    'claims for all services': claimsForAllServices,
  },
  'counts a death when a message had begun: recorded under a lease, claimed when due, or noted by begin': {
    'counts none': claiming((all) => all.map((message) => ({ ...message, deaths: 0 }))),
    'ignores begin': () => ({ begin: async () => {} }),
    'shows it to whoever claims it, and forgets it': showing(() => ({ deaths: 0 })),
  },
  'counts no death of a worker that had claimed a message and not begun it': {
    'counts every death': countsEveryDeath,
    'lets anybody begin it': (right) => {
      let last = '';
      return {
        claim: async (request) => {
          last = request.lease.token;
          return right.claim(request);
        },
        begin: (_token, ids) => right.begin(last, ids),
      };
    },
  },
  'counts no death of a message that was handed back in time': {
    'waits for the end of the lease': (right) => ({
      settle: async (settlements, now) =>
        settlements.every(({ state }) => state === 'WAITING')
          ? settlements.map(() => true)
          : right.settle(settlements, now),
    }),
  },
  'lengthens a lease from now on, and says which messages are still held': {
    'does nothing': () => ({ renew: async (_lease, ids) => ids }),
    'says that all are held': (right) => ({
      async renew(lease, ids, now) {
        await right.renew(lease, ids, now);
        return ids;
      },
    }),
    'says that none is held': (right) => ({
      async renew(...of) {
        await right.renew(...of);
        return [];
      },
    }),
    'lengthens it by a minute': (right) => ({
      renew: (lease, ids, now) => right.renew({ ...lease, ms: 60_000 }, ids, now),
    }),
  },
  'lets whoever lost a lease neither settle nor renew nor begin, and changes nothing then': {
    'ignores the token': ignoresTheToken,
    'says that it is settled': (right) => ({
      async settle(settlements, now) {
        await right.settle(settlements, now);
        return settlements.map(() => true);
      },
    }),
  },
  'lets a message be renewed and settled after its time, when nobody has claimed it meanwhile': {
    'settles in time only': settlesInTimeOnly,
    'hands it back': settling(() => ({ state: 'WAITING' })),
  },
};
