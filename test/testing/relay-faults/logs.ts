import type { LogPart } from '../../../src/server/relay/relay.js';
import type { RelayFaults, Right } from '../support/faulty-relays.js';

/** Reads something else. */
function reading(change: (part: LogPart) => LogPart): RelayFaults {
  return {
    connection: ({ right }) => ({
      async readLog(...of) {
        const part = await right.readLog(...of);
        return part && change(part);
      },
    }),
  };
}

function readerOf(hub: Right['hub'], partition: number, log: string, reader: string) {
  return hub.part(partition).log(log).readers.get(reader);
}

/** Does something for whoever asks as though it were the reader. */
function forAll(method: 'noteInLog' | 'passInLog'): RelayFaults {
  return {
    connection: ({ right, hub }) => ({
      async [method](partition: number, log: string, reader: string, incarnation: string, text: string) {
        const its = readerOf(hub, partition, log, reader);
        const { incarnation: before } = its ?? {};
        if (its) its.incarnation = incarnation;
        const isDone = await right[method](partition, log, reader, incarnation, text);
        if (its) its.incarnation = before;
        return isDone;
      },
    }),
  };
}

/** Relays that do one thing wrong, by the case that they must not pass. */
export const logFaults: Readonly<Record<string, Readonly<Record<string, RelayFaults>>>> = {
  'reads a log from its oldest entry on, some at a time, and says how many wait': {
    'reads the newest first': reading((part) => ({ ...part, entries: part.entries.toReversed() })),
    'counts what it gives': reading((part) => ({ ...part, waiting: part.entries.length })),
    'gives all': {
      connection: ({ right }) => ({
        readLog: (partition, log, of) => right.readLog(partition, log, { ...of, max: 1_000 }),
      }),
    },
    'goes past all': {
      connection: ({ right }) => ({
        passInLog: (partition, log, reader, incarnation) => right.passInLog(partition, log, reader, incarnation, '4'),
      }),
    },
    'never goes on': { connection: () => ({ passInLog: async () => true }) },
    'knows one log': {
      connection: ({ right }) => ({ readLog: (partition, _, of) => right.readLog(partition, 'log', of) }),
    },
  },
  'lets one node at a time read, until its time is over or it is evicted': {
    'lets all read': {
      connection: ({ right, hub }) => ({
        readLog(partition, log, of) {
          const its = readerOf(hub, partition, log, of.reader);
          if (its) its.incarnation = undefined;
          return right.readLog(partition, log, of);
        },
      }),
    },
    'never ends the time': {
      connection: ({ right }) => ({
        readLog: (partition, log, of) => right.readLog(partition, log, { ...of, leaseMs: 60_000 }),
      }),
    },
    'waits for the dead': {
      connection: ({ right, hub }) => ({
        async evict(partition, incarnation, options) {
          const isLeft = await right.evict(partition, incarnation, options);
          const its = readerOf(hub, partition, 'log', 'reader');
          if (its?.incarnation === incarnation) its.incarnation = [...hub.part(partition).nodes.keys()].at(-1);
          return isLeft;
        },
      }),
    },
    'lets all go past entries': forAll('passInLog'),
    'lets all leave notes': forAll('noteInLog'),
  },
  'gives the place of the reader up when there is nothing to read': {
    'keeps it': {
      connection: ({ right, hub }) => ({
        async readLog(partition, log, of) {
          const part = await right.readLog(partition, log, of);
          const its = readerOf(hub, partition, log, of.reader);
          if (part && its) its.incarnation = of.incarnation;
          return part;
        },
      }),
    },
    'lets it leave notes': forAll('noteInLog'),
  },
  'hands a note to whoever reads next, and takes it away when the reader goes on': {
    'loses it': { connection: () => ({ noteInLog: async () => true }) },
    'keeps the first': {
      connection: ({ right, hub }) => ({
        async noteInLog(partition, log, reader, incarnation, note) {
          const text = readerOf(hub, partition, log, reader)?.note ?? note;
          return right.noteInLog(partition, log, reader, incarnation, text);
        },
      }),
    },
    'keeps it for ever': {
      connection: ({ right, hub }) => ({
        async passInLog(partition, log, reader, ...of) {
          const its = readerOf(hub, partition, log, reader);
          const note = its?.note;
          const isDone = await right.passInLog(partition, log, reader, ...of);
          if (its) its.note = note;
          return isDone;
        },
      }),
    },
    'keeps it for one node': {
      connection: ({ right }) => {
        let own: string | undefined;
        return {
          noteInLog(partition, log, reader, incarnation, note) {
            own = note;
            return right.noteInLog(partition, log, reader, incarnation, note);
          },
          async readLog(...of) {
            const part = await right.readLog(...of);
            return part && { ...part, note: own };
          },
        };
      },
    },
  },
  'lets each reader go at its own pace': {
    'knows one reader': {
      connection: ({ right }) => ({
        readLog: (partition, log, of) => right.readLog(partition, log, { ...of, reader: 'a', readers: ['a'] }),
        noteInLog: (partition, log, _, ...of) => right.noteInLog(partition, log, 'a', ...of),
        passInLog: (partition, log, _, ...of) => right.passInLog(partition, log, 'a', ...of),
      }),
    },
    'drops what one has gone past': {
      connection: ({ right, hub }) => ({
        async passInLog(partition, log, reader, incarnation, id) {
          const its = hub.part(partition).log(log);
          its.entries = its.entries.filter((entry) => Number(entry.id) > Number(id));
          return right.passInLog(partition, log, reader, incarnation, id);
        },
      }),
    },
  },
  'keeps 10 000 entries, the newest, for a reader that does not go on': {
    'keeps fewer': {
      connection: ({ right, hub }) => ({
        readLog(partition, log, of) {
          const its = hub.part(partition).log(log);
          its.entries = its.entries.slice(-9_000);
          return right.readLog(partition, log, of);
        },
      }),
    },
    'keeps the oldest': {
      connection: ({ right, hub }) => ({
        publish(partition, incarnation, messages) {
          const room = 10_000 - hub.part(partition).log('log').entries.length;
          const made = messages.map(({ entry, ...message }, index) => (index < room ? { ...message, entry } : message));
          return right.publish(partition, incarnation, made);
        },
      }),
    },
  },
};
