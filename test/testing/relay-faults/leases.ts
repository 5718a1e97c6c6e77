import { answering, changing, type RelayFaults, reviving, telling } from '../support/faulty-relays.js';

/** Relays that do one thing wrong, by the case that they must not pass. */
export const leaseFaults: Readonly<Record<string, Readonly<Record<string, RelayFaults>>>> = {
  'makes an incarnation that is equal to none before': {
    'names all alike': { connection: () => ({ register: async () => 'incarnation' }) },
  },
  'counts the nodes whose lease lasts, and tells of those whose lease has ended': {
    'counts all': answering((update) => ({ ...update, nodes: update.nodes + update.expired.length })),
    'counts one': answering((update) => ({ ...update, nodes: 1 })),
    'tells of none': answering((update) => ({ ...update, expired: [] })),
    'tells of them for ever': {
      connection: ({ right, hub }) => ({
        async evict(partition, incarnation, options) {
          const isLeft = await right.evict(partition, incarnation, options);
          hub.part(partition).ended.add(incarnation);
          return isLeft;
        },
      }),
    },
    'knows no leases': {
      connection: ({ right }) => ({
        update: (partition, incarnation, _, changes) => right.update(partition, incarnation, Infinity, changes),
      }),
    },
  },
  'renews a lease with each update, for as long as it says': {
    'renews none': {
      connection: ({ right, hub }) => ({
        async update(partition, incarnation, ...of) {
          const { nodes } = hub.part(partition);
          const ends = nodes.get(incarnation);
          const update = await right.update(partition, incarnation, ...of);
          if (ends !== undefined) nodes.set(incarnation, ends);
          return update;
        },
      }),
    },
    'knows one time': {
      connection: ({ right }) => ({
        update: (partition, incarnation, _, changes) => right.update(partition, incarnation, 10, changes),
      }),
    },
  },
  'leaves an incarnation alone whose lease lasts, unless it is the own one': {
    'evicts each': {
      connection: ({ right }) => ({ evict: (partition, name) => right.evict(partition, name, { isOwn: true }) }),
    },
    'evicts not even the own': {
      connection: ({ right }) => ({ evict: (partition, name) => right.evict(partition, name) }),
    },
  },
  'takes the shares of a dead node away, tells of it and appends what it left, each once, although two do it': {
    'does nothing': { connection: () => ({ evict: async () => false }) },
    'ends too early': {
      connection: ({ right }) => ({
        async evict(...of) {
          await right.evict(...of);
          return false;
        },
      }),
    },
    'takes items away that others hold': {
      connection: ({ right, hub }) => ({
        evict(partition, incarnation, options) {
          for (const { items } of hub.part(partition).sets.values())
            for (const { shares } of items.values())
              if (shares.has(incarnation))
                for (const name of shares.keys()) if (name !== incarnation) shares.delete(name);
          return right.evict(partition, incarnation, options);
        },
      }),
    },
    'tells of each': {
      host: (host) => ({
        changed(topic, change) {
          host.changed(topic, change);
          if (change.left.length > 0) host.changed(topic, change);
        },
      }),
    },
    'tells of none': telling((change) => (change.left.length > 0 ? undefined : change)),
    'appends nothing': changing((change) =>
      change.share ? { ...change, share: { ...change.share, onLeft: undefined } } : change,
    ),
  },
  'takes those shares of a dead node away last that are to leave last': {
    'takes all away in their order': changing((change) =>
      change.share ? { ...change, share: { ...change.share, leavesLast: false } } : change,
    ),
    'takes away none that is to leave last': changing((change) =>
      change.share?.leavesLast ? { ...change, share: undefined } : change,
    ),
  },
  'tells nobody of what a dead node held untold': {
    'tells of all that has gone': changing((change) => ({ ...change, isTold: true })),
    'tells of no weight': changing((change) => ({ ...change, isWeightTold: false })),
  },
  'does nothing for an incarnation that is being evicted, from the first step on': {
    publishes: reviving('publish'),
    updates: reviving('update'),
    'reads a log': reviving('readLog'),
    'leaves notes': reviving('noteInLog'),
    'passes entries': reviving('passInLog'),
    'does not tell of it': answering((update) => ({ ...update, expired: [] })),
  },
  'takes a node again under another incarnation, and knows neither the old one nor one that nobody has': {
    'takes each': reviving('update'),
    'is never done with one that nobody has': {
      connection: ({ right, hub }) => ({
        async evict(partition, incarnation, options) {
          return (await right.evict(partition, incarnation, options)) || !hub.part(partition).nodes.has(incarnation);
        },
      }),
    },
    'counts the dead': {
      connection: ({ right }) => {
        let count = 0;
        return {
          async update(...of) {
            const update = await right.update(...of);
            if (update === undefined) count++;
            return update && { ...update, nodes: update.nodes + count + 1 };
          },
        };
      },
    },
  },
  'names its memory, the same to all nodes, and another one after it was lost': {
    'has one name': answering((update) => ({ ...update, memory: 'memory' })),
    'has another name each time': answering((update) => ({ ...update, memory: String(Math.random()) })),
    'has another name for each node': {
      connection: ({ right }) => {
        const own = Math.random();
        return {
          async update(...of) {
            const update = await right.update(...of);
            return update && { ...update, memory: `${own} ${update.memory}` };
          },
        };
      },
    },
    'knows an incarnation that was lost': reviving('publish'),
    'counts its versions anew': {
      connection: ({ right, hub }) => {
        const { memory } = hub;
        return {
          async read(...of) {
            const state = await right.read(...of);
            return hub.memory === memory ? state : { ...state, version: 1 };
          },
        };
      },
    },
  },
  'keeps the item of a node that comes back before it is evicted': {
    'evicts it first': {
      connection: ({ right, hub }) => ({
        async register(partition, leaseMs) {
          const ended = [...hub.part(partition).nodes].filter(([, ends]) => ends < hub.now);
          for (const [name] of ended) await right.evict(partition, name);
          return right.register(partition, leaseMs);
        },
      }),
    },
    'takes the item away with the old share': {
      connection: ({ right, hub }) => ({
        evict(partition, incarnation, options) {
          for (const { items } of hub.part(partition).sets.values())
            for (const { shares } of items.values())
              if (shares.has(incarnation))
                for (const name of shares.keys()) if (name !== incarnation) shares.delete(name);
          return right.evict(partition, incarnation, options);
        },
      }),
    },
  },
};
