import type {
  Relay,
  RelayConnection,
  RelayHost,
  SetChange,
  ShareChange,
  Update,
} from '../../../src/server/relay/relay.js';
import type { RelayHarness } from '../../../src/testing/index.js';
import { MemoryRelay, RelayHub } from '../../support/memory-relay.js';

/** A connection that does all right, and what it belongs to. */
export interface Right {
  readonly right: RelayConnection;
  readonly host: RelayHost;
  readonly hub: RelayHub;
  readonly relay: MemoryRelay;
}

/** Makes something wrong out of a connection that does all right. Called once for each connection. */
type RelayFault = (of: Right) => Partial<RelayConnection>;

/** Makes something wrong out of a host, to which then other things are told. Called once for each connection. */
type HostFault = (host: RelayHost) => Partial<RelayHost>;

export interface RelayFaults {
  readonly connection?: RelayFault;
  readonly host?: HostFault;
}

/** A relay in memory with a fault. Its times are short, as nothing in it takes any. */
export function faultyRelay({ connection = () => ({}), host = () => ({}) }: RelayFaults, waitMs = 25): RelayHarness {
  return {
    create() {
      const hub = new RelayHub(2);
      const wrong = (relay: MemoryRelay): Relay => ({
        name: 'memory',
        async connect(given) {
          const told = over<RelayHost>(given, host(given));
          const right = await relay.connect(told);
          return over<RelayConnection>(right, connection({ right, host: given, hub, relay }));
        },
      });
      const fragile = new MemoryRelay(hub);
      return {
        relay: wrong(new MemoryRelay(hub)),
        empty: () => hub.forgetEverything(),
        fragile: { relay: wrong(fragile), cut: () => fragile.cut(), mend: () => fragile.mend() },
      };
    },
    waitMs,
    quietMs: 3,
    shortMs: 10,
  };
}

/** An object some of whose methods are others. */
function over<Its extends object>(right: Its, others: Partial<Its>): Its {
  return new Proxy(right, {
    get(_target, name) {
      const other = Reflect.get(others, name);
      if (other !== undefined) return other;
      const found: unknown = Reflect.get(right, name);
      return typeof found === 'function' ? found.bind(right) : found;
    },
  });
}

/** Changes other shares than it is asked to. */
export function changing(change: (one: ShareChange) => ShareChange): RelayFaults {
  return {
    connection: ({ right }) => ({
      update: (partition, incarnation, leaseMs, changes) =>
        right.update(partition, incarnation, leaseMs, changes.map(change)),
    }),
  };
}

/** Gives another update than the right one. */
export function answering(change: (update: Update) => Update): RelayFaults {
  return {
    connection: ({ right }) => ({
      async update(...of) {
        const update = await right.update(...of);
        return update && change(update);
      },
    }),
  };
}

/** Tells of other changes. */
export function telling(change: (one: SetChange) => SetChange | undefined): RelayFaults {
  return {
    host: (host) => ({
      changed(topic, one) {
        const other = change(one);
        if (other !== undefined) host.changed(topic, other);
      },
    }),
  };
}

/** Does something for an incarnation that was evicted. */
export function reviving(method: 'publish' | 'update' | 'readLog' | 'noteInLog' | 'passInLog'): RelayFaults {
  return {
    connection: ({ right, hub }) => ({
      async [method](partition: number, ...of: never[]) {
        const incarnation = incarnationOf(method, of);
        const { nodes } = hub.part(partition);
        const isDead = incarnation !== undefined && !nodes.has(incarnation);
        if (isDead) nodes.set(incarnation, Infinity);
        try {
          return await Reflect.apply(right[method], right, [partition, ...of]);
        } finally {
          if (isDead) nodes.delete(incarnation);
        }
      },
    }),
  };
}

function incarnationOf(method: string, of: readonly unknown[]): string | undefined {
  if (method === 'readLog') return (of[1] as { readonly incarnation: string }).incarnation;
  return of[method === 'publish' || method === 'update' ? 0 : 2] as string | undefined;
}
