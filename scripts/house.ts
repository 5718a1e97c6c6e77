/** A part of src/, with the rule that its imports keep to. */
export interface Part {
  /**
   * A folder, or a file. `*` stands for any one name. Where two paths fit a file, it belongs to the one without `*`.
   */
  readonly path: string;
  readonly holds: string;
  /** The parts, or folders and files of parts, that it may import from. With ` (types)`, by `import type` alone. */
  readonly imports: readonly string[];
  /** Whether it imports nothing but `imports`: neither `core/` nor `wire/`, unless they are named. */
  readonly isClosed?: boolean;
  /** The packages and modules of Node that it may import. @default all, but for the optional peers of package.json */
  readonly packages?: readonly string[];
}

/** Open to every part that is not closed. */
const openToAll = ['core', 'wire'];

/**
 * The house from the top down: each part imports from parts below it. `npm run check` holds the sources to it, and the
 * table "Where things are" in docs/architecture.md is made from it.
 */
export const house: readonly Part[] = [
  {
    path: 'testing',
    holds:
      '`pushrail/testing`: the conformance suites of backends, of session adapters, of message stores, of queues and of relays, and `resetPushService`',
    imports: ['index.ts'],
  },
  {
    path: 'cli',
    holds: 'the command `pushrail` and its demo',
    imports: ['index.ts', 'settings', 'backends/*', 'server', 'pusher-protocol', 'client'],
  },
  {
    path: 'index.ts',
    holds: 'the entry `pushrail`: it only passes on what others export',
    imports: [
      'service',
      'settings (types)',
      'delivery (types)',
      'recording (types)',
      'templates',
      'receiving (types)',
      'authorization (types)',
      'backends/*.ts (types)',
      'backends/contract',
      'sessions',
      'webhooks (types)',
      'messages',
      'queues (types)',
      'server/relay/relay.ts (types)',
    ],
  },
  {
    path: 'http/fastify.ts',
    holds: '`pushrail/http/fastify`: plugins for Fastify, of which it takes the types alone',
    imports: ['http', 'authorization (types)'],
    packages: ['fastify', 'node:stream', 'node:stream/web'],
  },
  {
    path: 'http',
    holds: 'for web applications: the push handler and its form for Node, the middleware `pushSession`',
    imports: ['service', 'authorization (types)', 'sessions', 'webhooks (types)', 'web'],
  },
  {
    path: 'service',
    holds:
      'the facade (`PushService`, `createPushService`), one configured runtime, the handle on a channel, the configuration of a page',
    imports: [
      'settings',
      'delivery',
      'receiving',
      'authorization',
      'backends/*.ts',
      'backends/contract',
      'sessions',
      'webhooks (types)',
      'messages (types)',
      'recording',
      'templates',
    ],
  },
  {
    path: 'templates',
    holds:
      'templates: in code, and what is done with those of a message store; LiquidJS with its limits, locales, and who gets what. What renders is loaded when the first one is used',
    imports: ['delivery', 'messages (types)', 'sessions (types)'],
  },
  {
    path: 'recording',
    holds:
      'with a message store: messages are recorded, sent now or later, tried again and settled; the worker, the conditions, `push.messages`. It is loaded when a service has a store',
    imports: ['messages', 'queues (types)', 'delivery', 'backends/contract', 'sessions'],
  },
  {
    path: 'settings',
    holds: '`PUSH_SERVER`: its schema (`pushrail/settings`), DSNs, the environment',
    imports: [
      'backends/*.ts',
      'backends/contract',
      'delivery (types)',
      'sessions (types)',
      'messages (types)',
      'messages/states.ts',
      'queues (types)',
    ],
  },
  {
    path: 'delivery',
    holds:
      'the way out: the options of `send`, the plan (every check), splitting into requests, deadlines and retries, the report',
    imports: ['backends/contract', 'sessions (types)', 'messages (types)'],
  },
  {
    path: 'receiving',
    holds:
      'the way in: the listeners of `messageReceived`, the loop of `messages()`, subscriptions on the server, the intake of webhooks that handles each event once',
    imports: ['backends/contract', 'webhooks'],
  },
  {
    path: 'authorization',
    holds:
      'who may subscribe: patterns of channels, rules, the answer to a client that asks to subscribe or to sign in',
    imports: ['backends/contract', 'sessions'],
  },
  {
    path: 'backends/*.ts',
    holds:
      '`registry.ts`, the list of built-in backends; the types and names that follow from it; building the backend that settings name',
    imports: ['backends/*'],
  },
  {
    path: 'backends/websocket',
    holds: 'the backend with a server in this process',
    imports: ['backends/contract (types)', 'backends/pusher-compatible', 'server', 'pusher-protocol'],
  },
  {
    path: 'backends/*',
    holds: 'one backend each: `index.ts` is its class, `options.ts` its options. No backend imports another one',
    imports: [
      'backends/contract',
      'backends/sdk',
      'backends/pusher-compatible',
      'sessions',
      'webhooks',
      'pusher-protocol',
    ],
  },
  {
    path: 'backends/composite',
    holds: 'backends that are made of others: failover, roundrobin, fanout; circuits, and which backend gets what next',
    imports: ['backends/contract', 'sessions (types)', 'webhooks (types)'],
  },
  {
    path: 'backends/pusher-compatible',
    holds: "for backends that speak Pusher's protocol: checks, signed answers to clients, the signature of webhooks",
    imports: ['backends/contract', 'webhooks', 'pusher-protocol'],
  },
  {
    path: 'backends/sdk',
    holds: 'for hosted backends: loading an SDK, calling it, failures of the network and answers as errors',
    imports: ['backends/contract'],
  },
  {
    path: 'backends/contract',
    holds: 'the contract of a backend: the class that an author extends, its capabilities, its settings, a request',
    imports: ['sessions', 'webhooks (types)'],
  },
  {
    path: 'server',
    holds:
      "the embedded server, to which pages connect: connections, frames, channels, members of presence channels, the HTTP API for Pusher's server SDKs, the webhooks that it sends, its figures and its health; in `relay/`, what a node does with a relay. It knows neither backends nor the service",
    imports: ['server/relay/redis', 'server/relay/relay.ts (types)', 'webhooks/options.ts', 'pusher-protocol', 'web'],
  },
  {
    path: 'server/relay/redis',
    holds:
      '`pushrail/relay/redis`: the relay over Redis, with its connections and its scripts. It knows the contract alone',
    imports: ['server/relay/relay.ts (types)'],
  },
  {
    path: 'server/relay/relay.ts',
    holds: 'the contract of a relay, which joins nodes of the embedded server',
    imports: [],
  },
  {
    path: 'queues',
    holds: 'queues that hand out what waits: the contract of a queue, and one file for each',
    imports: ['messages (types)'],
  },
  {
    path: 'messages',
    holds:
      'recorded messages: their states, the contract of a message store, that of a store of templates, and one file or folder for each store',
    imports: [],
  },
  {
    path: 'sessions',
    holds: 'users → channels: the contract of a session adapter, and one file for each adapter',
    imports: [],
  },
  {
    path: 'webhooks',
    holds:
      'webhooks that come in: one union of events for all providers, reading a request, verifying its age and its secret',
    imports: ['pusher-protocol (types)', 'web'],
  },
  {
    path: 'pusher-protocol',
    holds: 'the Pusher Channels protocol: names, messages, signatures; no sockets',
    imports: [],
    packages: ['node:crypto', 'zod/mini'],
  },
  {
    path: 'web',
    holds: 'HTTP of any kind: bodies, origins, answers that are errors',
    imports: [],
  },
  {
    path: 'client/react.ts',
    holds: '`pushrail/client/react`: the hooks',
    imports: ['client (types)'],
    isClosed: true,
    packages: ['react'],
  },
  {
    path: 'client',
    holds:
      '`PushClient`, which runs in a browser: its channels, its questions to the application, and a driver for each kind of server, which connects and reconnects',
    imports: ['wire'],
    isClosed: true,
    // client.js loads its fallback from beside it.
    packages: ['a computed address'],
  },
  {
    path: 'core',
    holds:
      'errors, the type of a report, the logger, redaction of secrets, checks of settings against a schema, names and sizes, waits',
    imports: ['wire'],
    isClosed: true,
  },
  {
    path: 'wire',
    holds:
      'shared by server and page: messages, the configuration of a page, envelopes, protocol events, backoff, the longest timer',
    imports: [],
    isClosed: true,
    packages: [],
  },
];

/** The paths that a part may import from, ` (types)` included. */
export function allowedImports({ imports, isClosed = false }: Part): readonly string[] {
  return isClosed ? imports : [...imports, ...openToAll];
}

/** The table "Where things are" of docs/architecture.md. */
export function houseTable(): string {
  const rows = house.map(({ path, holds, imports, isClosed = false }) => [
    shown(`src/${path}`),
    holds,
    imports.length === 0 ? (isClosed ? 'nothing' : '') : imports.map(shown).join(', '),
  ]);
  return [['folder or file', 'what lives there', 'may import'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`.replaceAll('  ', ' '))
    .join('\n');
}

/** `backends/contract (types)` as `` `backends/contract/` (types) ``. */
function shown(path: string): string {
  const [name = '', ...types] = path.split(' ');
  return [`\`${name.endsWith('.ts') ? name : `${name}/`}\``, ...types].join(' ');
}
