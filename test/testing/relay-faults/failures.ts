import type { RelayConnection } from '../../../src/server/relay/relay.js';
import type { RelayFaults } from '../support/faulty-relays.js';

/** Relays that do one thing wrong, by the case that they must not pass. */
export const failureFaults: Readonly<Record<string, Readonly<Record<string, RelayFaults>>>> = {
  'hands nothing over after close(), and leaves other nodes alone': {
    'goes on': { connection: () => ({ close: async () => {} }) },
    'ends all': { connection: ({ hub }) => ({ close: async () => hub.connections.clear() }) },
    'says that it is deaf': {
      connection: ({ right, host }) => ({
        async close() {
          await right.close();
          host.deaf([0], Date.now());
        },
      }),
    },
  },
  'says from when to when it was deaf, for each partition, and hears all topics again': {
    'says nothing of it': { host: () => ({ deaf() {}, hearing() {} }) },
    'says nothing of its end': { host: () => ({ hearing() {} }) },
    'says it of one partition': { host: (host) => ({ deaf: (_, since) => host.deaf([0], since) }) },
    'says it too late': {
      host: (host) => ({
        deaf: (partitions, since) => host.deaf(partitions, since + 60_000),
        hearing: (partitions, since) => host.hearing(partitions, since + 60_000),
      }),
    },
    'names another beginning at the end': {
      host: (host) => ({ hearing: (partitions, since) => host.hearing(partitions, since + 1) }),
    },
    'says of its end what follows first': {
      host: (host) => ({
        hearing: (partitions, since) => void setTimeout(() => host.hearing(partitions, since), 15),
      }),
    },
    'hears nothing again': {
      connection: ({ right }) => ({ listen: (partition, topics) => right.listen(partition, topics) }),
      host: (host) => {
        let isOver = false;
        return {
          deaf(...of) {
            isOver = true;
            host.deaf(...of);
          },
          message: (...of) => {
            if (!isOver) host.message(...of);
          },
        };
      },
    },
    'hands over what came in between twice': {
      host: (host) => ({
        message(topic, payload) {
          host.message(topic, payload);
          if (Buffer.from(payload).toString() === 'after') host.message(topic, payload);
        },
      }),
    },
  },
  'settles each call while it is cut off, and does not do what it rejects': {
    'waits for ever': {
      connection: ({ right, relay }) => ({
        read: (...of) => (relay.isCut ? new Promise<never>(() => {}) : right.read(...of)),
      }),
    },
    'says that it is done': {
      connection: ({ right, relay }) => ({
        publish: async (...of) => relay.isCut || (await right.publish(...of)),
      }),
    },
    'fails with something else': {
      connection: ({ right, relay }) => ({
        async figures(sets) {
          if (relay.isCut) throw new Error('ECONNRESET');
          return right.figures(sets);
        },
      }),
    },
    'publishes later what it rejects': {
      connection: ({ right, relay }) => {
        const rejected: Parameters<RelayConnection['publish']>[] = [];
        return {
          publish(...of) {
            if (relay.isCut) rejected.push(of);
            return right.publish(...of);
          },
          async read(...of) {
            if (!relay.isCut) for (const each of rejected.splice(0)) await right.publish(...each);
            return right.read(...of);
          },
        };
      },
      host: (host) => ({ hearing: (...of) => host.hearing(...of) }),
    },
    'changes all the same': {
      connection: ({ right, relay, hub }) => ({
        async update(partition, incarnation, leaseMs, changes) {
          if (relay.isCut) for (const change of changes) hub.part(partition).change(incarnation, change);
          return right.update(partition, incarnation, leaseMs, changes);
        },
      }),
    },
    'remembers a key all the same': {
      connection: ({ right, relay, hub }) => ({
        async isFirst(key, ttlMs) {
          if (relay.isCut) hub.part(right.partitionOf(key)).isFirst(key, ttlMs, hub.now);
          return right.isFirst(key, ttlMs);
        },
      }),
    },
    'is never to be used again': {
      connection: ({ right, relay }) => {
        let wasCut = false;
        return {
          read(...of) {
            wasCut ||= relay.isCut;
            return wasCut ? right.read(...of).then(() => Promise.reject(new Error('gone'))) : right.read(...of);
          },
        };
      },
    },
  },
  'hears what it was asked to listen to while it was cut off, and nothing of what was left then': {
    'forgets what it was asked': {
      connection: ({ right, relay }) => ({
        listen: async (...of) => (relay.isCut ? undefined : right.listen(...of)),
      }),
    },
    'forgets what was left': {
      connection: ({ right, relay }) => ({
        leave: async (...of) => (relay.isCut ? undefined : right.leave(...of)),
      }),
    },
  },
};
