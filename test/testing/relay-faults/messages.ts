import type { RelayMessage } from '../../../src/server/relay/relay.js';
import type { RelayFaults } from '../support/faulty-relays.js';

/** Publishes other messages. */
function publishing(change: (messages: readonly RelayMessage[]) => readonly RelayMessage[]): RelayFaults {
  return {
    connection: ({ right }) => ({
      publish: (partition, incarnation, messages) => right.publish(partition, incarnation, change(messages)),
    }),
  };
}

/** Hands over other payloads. */
function handing(change: (payload: Uint8Array) => Uint8Array): RelayFaults {
  return { host: (host) => ({ message: (topic, payload) => host.message(topic, change(payload)) }) };
}

const later = { keepMs: 60_000 };
const shared = new Uint8Array(200_000);
let partitions = 0;

/** Relays that do one thing wrong, by the case that they must not pass. */
export const messageFaults: Readonly<Record<string, Readonly<Record<string, RelayFaults>>>> = {
  'hands each message over once, to all who listen, the one that publishes too': {
    'hands over nothing': { host: () => ({ message() {} }) },
    'hands each over twice': {
      host: (host) => ({
        message(...of) {
          host.message(...of);
          host.message(...of);
        },
      }),
    },
    'publishes to others alone': {
      connection: ({ right, hub }) => ({
        async publish(...of) {
          const own = [...hub.connections].at(0);
          if (own !== undefined) hub.connections.delete(own);
          const isKnown = await right.publish(...of);
          if (own !== undefined) hub.connections.add(own);
          return isKnown;
        },
      }),
    },
    'listens to all': {
      connection: ({ right }) => ({ listen: (partition, topics) => right.listen(partition, [...topics, 'topic']) }),
    },
  },
  'hands the messages of a topic over in one order to all, also when all publish at once': {
    'hands its own over at once': {
      connection: ({ right, host }) => ({
        publish(partition, incarnation, messages) {
          for (const { topic, payload } of messages) host.message(topic, payload);
          return right.publish(partition, incarnation, messages);
        },
      }),
    },
    'hands them over in an order of chance': {
      host: (host) => ({ message: (...of) => void setTimeout(() => host.message(...of), 10 * Math.random()) }),
    },
  },
  'keeps the order of the messages of one call': { 'turns it around': publishing((messages) => messages.toReversed()) },
  'hears everything that is published after listen() has resolved': {
    'resolves too early': {
      connection: ({ right }) => ({ listen: async (...of) => void setTimeout(() => void right.listen(...of), 5) }),
    },
  },
  'hands over nothing of a topic that was left, and hears it again when it is listened to again': {
    'leaves nothing': { connection: () => ({ leave: async () => {} }) },
    'listens to a topic once': {
      connection: ({ right }) => {
        const known = new Set<string>();
        return {
          async listen(partition, topics) {
            const unknown = topics.filter((topic) => !known.has(topic));
            for (const topic of topics) known.add(topic);
            await right.listen(partition, unknown);
          },
        };
      },
    },
    'leaves all': {
      connection: ({ right }) => ({ leave: (partition, topics) => right.leave(partition, [...topics, 'other']) }),
    },
  },
  'hands a message over once of a topic that is listened to twice': {
    'hands it over for each': {
      host: (host) => ({
        message(topic, payload) {
          host.message(topic, payload);
          if (topic === 'topic') host.message(topic, payload);
        },
      }),
    },
  },
  'carries any bytes, none, and 100 kB of them': {
    'takes them for text': handing((payload) => Buffer.from(Buffer.from(payload).toString())),
    'loses empty ones': publishing((messages) => messages.filter(({ payload }) => payload.length > 0)),
    'cuts them at 64 kB': handing((payload) => payload.slice(0, 65_536)),
  },
  'leaves a payload as it was handed over': {
    'uses the bytes again': handing((payload) => {
      shared.set(payload);
      return shared.subarray(0, payload.length);
    }),
  },
  'takes topics of any characters but NUL, of up to 500 bytes, and tells them apart': {
    'cuts them': { host: (host) => ({ message: (topic, payload) => host.message(topic.slice(0, 200), payload) }) },
    'knows one line': {
      host: (host) => ({ message: (topic, payload) => host.message(topic.split('\n')[0] ?? '', payload) }),
    },
    'mixes two up': {
      connection: ({ right }) => ({
        listen: (partition, topics) =>
          right.listen(
            partition,
            topics.filter((topic) => !topic.includes('*')),
          ),
      }),
    },
  },
  'gives each topic one partition, the same on all nodes': {
    'gives each node another': {
      connection: ({ right }) => {
        const own = partitions++;
        return { partitionOf: (topic) => (right.partitionOf(topic) + own) % right.partitions };
      },
    },
    'counts from 1 on': { connection: ({ right }) => ({ partitionOf: (topic) => right.partitionOf(topic) + 1 }) },
    'has none': { connection: () => ({ partitions: 0 }) },
  },
  'publishes for a node that it knows, and nothing for another': {
    'publishes for all': {
      connection: ({ right }) => ({
        publish: (partition, _, messages) => right.publish(partition, undefined, messages),
      }),
    },
    'says that it did': {
      connection: ({ right }) => ({
        async publish(...of) {
          await right.publish(...of);
          return true;
        },
      }),
    },
    'publishes, and says that it did not': {
      connection: ({ right }) => ({
        async publish(partition, incarnation, messages) {
          await right.publish(partition, undefined, messages);
          return incarnation === undefined || incarnation !== 'nobody';
        },
      }),
    },
  },
  "keeps a topic's last message that was to be kept, for as long as it says": {
    'keeps nothing': publishing((messages) => messages.map(({ keepMs: _, ...message }) => message)),
    'keeps all': publishing((messages) =>
      messages.map((message) => ({ ...later, ...message, keepMs: message.keepMs ?? 60_000 })),
    ),
    'keeps for ever': publishing((messages) =>
      messages.map((message) => (message.keepMs === undefined ? message : { ...message, ...later })),
    ),
    'hands nothing over that is kept': publishing((messages) => messages.filter(({ keepMs }) => keepMs === undefined)),
    'says nothing of its time': {
      connection: ({ right }) => ({
        async kept(...of) {
          const kept = await right.kept(...of);
          return kept.payload === undefined ? kept : { ...kept, ttlMs: 0 };
        },
      }),
    },
  },
  'tells one of all who ask for a message that is not kept, until one is again or the time is over': {
    'tells all': { connection: () => ({ kept: async () => ({ payload: undefined, isFirst: true }) }) },
    'tells none': { connection: () => ({ kept: async () => ({ payload: undefined, isFirst: false }) }) },
    'tells those who do not ask': {
      connection: ({ right }) => ({ kept: (topic, ms = 60_000) => right.kept(topic, ms) }),
    },
    'does not let the time be over': {
      connection: ({ right }) => ({ kept: (topic, ms) => right.kept(topic, ms && 60_000) }),
    },
  },
  'tells one of them anew when a set of the topic was there, and is no more': {
    'tells nobody anew': {
      connection: ({ right }) => {
        let isTold = false;
        return {
          async kept(...of) {
            const kept = await right.kept(...of);
            if (kept.payload !== undefined || !kept.isFirst) return kept;
            const isFirst = !isTold;
            isTold = true;
            return { payload: undefined, isFirst };
          },
        };
      },
    },
    'tells all': { connection: () => ({ kept: async () => ({ payload: undefined, isFirst: true }) }) },
  },
  'is first once for each key, until its time is over or it is forgotten': {
    'is always first': { connection: () => ({ isFirst: async () => true }) },
    'is never first': { connection: () => ({ isFirst: async () => false }) },
    'forgets nothing': { connection: () => ({ forget: async () => {} }) },
    'does not let the time be over': { connection: ({ right }) => ({ isFirst: (key) => right.isFirst(key, 60_000) }) },
    'knows one key': { connection: ({ right }) => ({ isFirst: (_, ms) => right.isFirst('key "\n', ms) }) },
  },
};
