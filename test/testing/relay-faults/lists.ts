import type { RelayConnection, TopicPage } from '../../../src/server/relay/relay.js';
import type { RelayFaults } from '../support/faulty-relays.js';

/** Gives other pages. */
function paging(change: (page: TopicPage) => TopicPage): RelayFaults {
  return { connection: ({ right }) => ({ list: async (...of) => change(await right.list(...of)) }) };
}

/** Lists by something else than a prefix. */
function matching(matches: (topic: string, prefix: string) => boolean): RelayFaults {
  return {
    connection: ({ right }) => ({
      async list(partition, set, prefix, cursor) {
        const page = await right.list(partition, set, '', cursor);
        return { ...page, topics: page.topics.filter(({ topic }) => matches(topic, prefix)) };
      },
    }),
  };
}

/** Gives other figures. */
function counting(change: (right: RelayConnection) => RelayConnection['figures']): RelayFaults {
  return { connection: ({ right }) => ({ figures: change(right) }) };
}

/** Relays that do one thing wrong, by the case that they must not pass. */
export const listFaults: Readonly<Record<string, Readonly<Record<string, RelayFaults>>>> = {
  'counts sets of several partitions, in their order, also those that are not there': {
    'counts by partition': counting((right) => async (sets) => {
      const sorted = sets.toSorted((a, b) => right.partitionOf(a.topic) - right.partitionOf(b.topic));
      return right.figures(sorted);
    }),
    'leaves out what is not there': counting(
      (right) => async (sets) => (await right.figures(sets)).filter(({ items }) => items > 0),
    ),
    'knows one set': counting((right) => (sets) => right.figures(sets.map(({ topic }) => ({ topic, set: 'set' })))),
    'counts in one partition': counting((right) => async (sets) => {
      const figures = await right.figures(sets);
      return sets.map(
        ({ topic }, index) => (right.partitionOf(topic) === 0 && figures[index]) || { items: 0, weight: 0 },
      );
    }),
  },
  'lists all topics that have a set, with its figures, also when there are many': {
    'gives one page': paging((page) => ({ ...page, cursor: undefined })),
    'loses the last of each page': paging((page) => ({ ...page, topics: page.topics.slice(0, -1) })),
    'gives no figures': paging((page) => ({
      ...page,
      topics: page.topics.map(({ topic }) => ({ topic, items: 0, weight: 0 })),
    })),
    'never ends': paging((page) => ({ ...page, cursor: page.cursor ?? '' })),
    'lists other sets': {
      connection: ({ right }) => ({ list: (partition, _, ...of) => right.list(partition, 'set', ...of) }),
    },
  },
  'lists by what names begin with, whatever it is': {
    'lists all': matching(() => true),
    'takes it for a pattern': matching((topic, prefix) => prefix.startsWith('*') || topic.startsWith(prefix)),
    'looks within names': matching((topic, prefix) => topic.includes(prefix)),
    'lists what is longer': matching((topic, prefix) => topic.startsWith(prefix) && topic !== prefix),
  },
  'lists topics no longer whose set is gone': {
    'remembers them': {
      connection: ({ right }) => {
        const known = new Set<string>();
        return {
          async list(partition, ...of) {
            const page = await right.list(partition, ...of);
            for (const { topic } of page.topics) known.add(topic);
            const its = [...known].filter((topic) => right.partitionOf(topic) === partition);
            return { ...page, topics: its.map((topic) => ({ topic, items: 1, weight: 1 })) };
          },
        };
      },
    },
  },
};
