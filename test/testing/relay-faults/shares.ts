import type { ShareResult } from '../../../src/server/relay/relay.js';
import { answering, changing, type RelayFaults, telling } from '../support/faulty-relays.js';

/** Gives other results of an update. */
function results(change: (result: ShareResult) => ShareResult): RelayFaults {
  return answering((update) => ({ ...update, results: update.results.map(change) }));
}

/** Hands everything over a little later than `update` says. */
const late: RelayFaults = {
  host: (host) => ({
    message: (...of) => void setTimeout(() => host.message(...of), 3),
    changed: (...of) => void setTimeout(() => host.changed(...of), 3),
  }),
};

/** Relays that do one thing wrong, by the case that they must not pass. */
export const shareFaults: Readonly<Record<string, Readonly<Record<string, RelayFaults>>>> = {
  'tells of an item with its first share anywhere, and that it leaves with its last, each once': {
    'tells twice': {
      host: (host) => ({
        changed(...of) {
          host.changed(...of);
          host.changed(...of);
        },
      }),
    },
    'tells nothing': telling(() => undefined),
    'tells no values': telling((change) => ({ ...change, came: change.came.map(({ item }) => ({ item, value: '' })) })),
    'names another set': telling((change) => ({ ...change, set: 'another' })),
    'knows nothing new': results((result) => ({ ...result, isNew: false })),
    'knows nothing that is gone': results((result) => ({ ...result, isGone: false })),
    'counts shares for items': results((result) => ({ ...result, figures: { ...result.figures, items: 1 } })),
    'weighs nothing': results((result) => ({ ...result, figures: { ...result.figures, weight: 0 } })),
    'lets one node hold an item': {
      connection: ({ right, hub }) => ({
        async update(partition, incarnation, ...of) {
          const update = await right.update(partition, incarnation, ...of);
          for (const { items } of hub.part(partition).sets.values())
            for (const { shares } of items.values())
              for (const name of shares.keys()) if (name !== incarnation) shares.delete(name);
          return update;
        },
      }),
    },
  },
  'makes the changes of one update in their order, and tells what they come to': {
    'turns it around': {
      connection: ({ right }) => ({
        async update(partition, incarnation, leaseMs, changes) {
          const update = await right.update(partition, incarnation, leaseMs, changes.toReversed());
          return update && { ...update, results: update.results.toReversed() };
        },
      }),
    },
    'makes many updates of one': {
      connection: ({ right }) => ({
        async update(partition, incarnation, leaseMs, changes) {
          let update = await right.update(partition, incarnation, leaseMs, []);
          for (const change of changes) {
            const next = await right.update(partition, incarnation, leaseMs, [change]);
            if (update && next) update = { ...next, results: [...update.results, ...next.results] };
          }
          return update;
        },
      }),
    },
    'tells no item that has a new value': telling((change) => ({ ...change, left: [] })),
  },
  'keeps the value that an item came with, unless the shares of all other nodes weigh nothing': {
    'knows the first value alone': {
      connection: ({ right }) => ({
        async update(partition, incarnation, leaseMs, changes) {
          const made = [];
          for (const change of changes) {
            const { items } = await right.read(change.topic, change.set);
            const value = items.find(({ item }) => item === change.item)?.value;
            made.push(change.share && value !== undefined ? { ...change, share: { ...change.share, value } } : change);
          }
          return right.update(partition, incarnation, leaseMs, made);
        },
      }),
    },
    'knows no values': changing((change) =>
      change.share ? { ...change, share: { ...change.share, value: '' } } : change,
    ),
    'keeps the value where none is given': {
      connection: ({ right }) => ({
        read: async (topic, set) => {
          const state = await right.read(topic, set);
          return { ...state, items: state.items.map(({ item, value }) => ({ item, value: value || 'fourth' })) };
        },
      }),
    },
    'takes each new value': {
      connection: ({ right, hub }) => ({
        async update(partition, incarnation, leaseMs, changes) {
          const update = await right.update(partition, incarnation, leaseMs, changes);
          for (const { topic, set, item, share } of changes) {
            const found = hub.part(partition).sets.get(`${topic}\0${set}`)?.items.get(item);
            if (found) found.value = share?.value ?? '';
          }
          return update;
        },
      }),
    },
  },
  'adds up the weights of all shares': {
    'has 32 bits': {
      connection: ({ right }) => ({
        figures: async (sets) =>
          (await right.figures(sets)).map(({ items, weight }) => ({ items, weight: weight | 0 })),
      }),
    },
    'counts items': {
      connection: ({ right }) => ({
        figures: async (sets) => (await right.figures(sets)).map(({ items }) => ({ items, weight: items })),
      }),
    },
  },
  'refuses an item that is too many, and changes nothing then': {
    'knows no such limit': changing((change) => ({ ...change, maxItems: undefined })),
    'refuses one less': changing((change) => ({ ...change, maxItems: change.maxItems && change.maxItems - 1 })),
    'does not say so': results((result) => ({ ...result, isRefused: false })),
    'appends all the same': {
      connection: ({ right }) => ({
        async update(partition, incarnation, leaseMs, changes) {
          const entries = changes.flatMap(({ topic, share }) =>
            share?.onCame ? [{ topic, entry: share.onCame }] : [],
          );
          const payload = new Uint8Array(0);
          await right.publish(
            partition,
            undefined,
            entries.map((entry) => ({ payload, ...entry })),
          );
          return right.update(partition, incarnation, leaseMs, changes);
        },
      }),
    },
  },
  'refuses weight that is too much, and leaves the share as it was': {
    'knows no such limit': changing((change) => ({ ...change, maxWeight: undefined })),
    'refuses one less': changing((change) => ({ ...change, maxWeight: change.maxWeight && change.maxWeight - 1 })),
    'takes the share away': {
      connection: ({ right }) => ({
        async update(partition, incarnation, leaseMs, changes) {
          const update = await right.update(partition, incarnation, leaseMs, changes);
          const refused = changes.filter((_, index) => update?.results[index]?.isRefused);
          const without = refused.map((change) => ({ ...change, share: undefined }));
          await right.update(partition, incarnation, leaseMs, without);
          return update;
        },
      }),
    },
  },
  'hands changes over in the one order of messages': {
    'has an order of their own': {
      host: (host) => ({ changed: (...of) => void setTimeout(() => host.changed(...of), 2) }),
    },
  },
  'resolves update() when all is handed over that was published before it, its own changes too': {
    'does not wait': late,
    'does not wait for messages': {
      host: (host) => ({ message: (...of) => void setTimeout(() => host.message(...of), 3) }),
    },
  },
  'numbers the versions of a set: each tells the one before, and grows, also when the set was gone': {
    'has one version': telling((change) => ({ ...change, previous: 0, version: 1 })),
    'forgets what is gone': telling((change) => ({ ...change, version: change.version % 4 || 4 })),
    'does not tell the one before': telling((change) => ({ ...change, previous: 0 })),
    'reads none': {
      connection: ({ right }) => ({ read: async (...of) => ({ ...(await right.read(...of)), version: 0 }) }),
    },
  },
  'tells of a change with the weight of the set, and of the weight alone where it is asked for': {
    'tells no weight': telling((change) => ({ ...change, weight: 0 })),
    'never tells of the weight alone': changing((change) => ({ ...change, isWeightTold: false })),
    'always tells of the weight': changing((change) => ({ ...change, isWeightTold: true })),
  },
  'tells nobody of changes that are not to be told': {
    'tells all': changing((change) => ({ ...change, isTold: true })),
  },
  'reads items in the order in which they came, with what changes tell as the same': {
    'sorts them': {
      connection: ({ right }) => ({
        async read(...of) {
          const { version, items } = await right.read(...of);
          return { version, items: items.toSorted((one, other) => (one.item < other.item ? -1 : 1)) };
        },
      }),
    },
    'tells them in another order': telling((change) => ({ ...change, came: change.came.toReversed() })),
    'tells of 500': telling((change) => ({ ...change, came: change.came.slice(0, 299) })),
  },
  'takes items and values of any characters but NUL': {
    'trims items': changing((change) => ({ ...change, item: change.item.trim() })),
    'trims values': changing((change) =>
      change.share ? { ...change, share: { ...change.share, value: change.share.value?.trim() } } : change,
    ),
    'cuts values': changing((change) =>
      change.share ? { ...change, share: { ...change.share, value: change.share.value?.slice(0, 4096) } } : change,
    ),
  },
  'keeps the sets of a topic, and those of several topics, apart': {
    'knows one set': {
      connection: ({ right }) => ({
        update: (partition, incarnation, leaseMs, changes) =>
          right.update(
            partition,
            incarnation,
            leaseMs,
            changes.map((change) => ({ ...change, set: 'set' })),
          ),
        read: (topic) => right.read(topic, 'set'),
      }),
    },
    'reads one topic': { connection: ({ right }) => ({ read: (_, set) => right.read('topic', set) }) },
  },
  'appends what is to be appended when an item comes and when it leaves, and not else': {
    'appends nothing when it comes': changing((change) =>
      change.share ? { ...change, share: { ...change.share, onCame: undefined } } : change,
    ),
    'appends nothing when it leaves': changing((change) =>
      change.share ? { ...change, share: { ...change.share, onLeft: undefined } } : change,
    ),
    'appends for each share': {
      connection: ({ right }) => ({
        async update(partition, incarnation, leaseMs, changes) {
          const update = await right.update(partition, incarnation, leaseMs, changes);
          const [change] = changes;
          const entry = change?.share?.onCame;
          if (change && entry && !update?.results[0]?.isNew)
            await right.publish(partition, undefined, [{ topic: change.topic, payload: new Uint8Array(0), entry }]);
          return update;
        },
      }),
    },
  },
};
