import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadBackend } from '../../src/backends/load.js';
import { RemoteWebSocketService } from '../../src/backends/remote/index.js';
import { type WebSocketOptions, WebSocketService } from '../../src/backends/websocket/index.js';
import { type AnyBackend, ConfigurationError, type Relay } from '../../src/index.js';
import { checkOptions } from '../../src/server/checked-options.js';
import { readSettings } from '../../src/settings/read-settings.js';
import { checkPushServer } from '../../src/settings/settings.js';
import { failureOf } from '../support/failure-of.js';

const keys = { appId: '1', pubKey: 'key', secretKey: 'the-secret-key' };
const password = 'hunter-two-hunter';
const address = `redis://push:${password}@redis.example:6379/2`;

const relay: Relay = {
  name: 'paper',
  connect: () => Promise.reject(new Error('there is nobody')),
};

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The backends of a service, which does not open them. */
function backendsOf(given: unknown): readonly AnyBackend[] {
  const { settings } = readSettings(given, undefined, process.env);
  return checkPushServer(settings).backends.map(({ settings: { backend, ...own } }) => loadBackend(backend, own));
}

function relayOf(backend: AnyBackend): unknown {
  return Reflect.get(backend.options, 'relay');
}

describe('the option relay', () => {
  it.each<[string, WebSocketOptions['relay']]>([
    ['a relay', relay],
    ['the address of a Redis', address],
    ['one with TLS', `rediss://:${password}@[::1]:6380`],
    ['one without a password', 'redis://localhost'],
    ['one with parameters', 'redis://localhost?prefix=shop'],
    ['those of a Cluster', `redis+cluster://push:${password}@a.example:6379,b.example:6380`],
    ['those of a Cluster with TLS', 'rediss+cluster://[::1]:6379,localhost?prefix=shop'],
  ])('takes %s', (_what, given) => {
    const made = checkOptions({ relay: given }).relay;
    if (typeof given === 'string') expect(made).toMatchObject({ name: 'redis' });
    else expect(made).toBe(relay);
  });

  it('is none with false, and by default', () => {
    for (const given of [{ relay: false }, { relay: undefined }, {}])
      expect(checkOptions(given)).not.toHaveProperty('relay');
  });

  it.each<[string, unknown]>([
    ['another scheme', `http://push:${password}@redis.example`],
    ['no host', 'redis://'],
    ['several servers without a Cluster', `redis://push:${password}@a.example,b.example`],
    ['two signs @', `redis://push:${password}@x@redis.example`],
    ['a space', `redis://push:${password} x@redis.example`],
    ['a password with a slash', `redis://push:${password}/x@redis.example`],
    ['a password with a question mark', `redis://push:6379?${password}@redis.example`],
    ['a password with a number sign', `redis://push:6379#${password}@redis.example`],
    ['a password in the parameters', `redis://redis.example?password=${password}`],
    ['an empty text', ''],
    ['true', true],
    ['null', null],
    ['a client', { publish: () => undefined }],
    ['a relay without a name', { connect: relay.connect }],
  ])('refuses %s, and does not show it', async (_what, given) => {
    const error = await failureOf(
      ConfigurationError,
      () => new WebSocketService({ ...keys, options: { relay: given } as WebSocketOptions }),
    );
    expect(error.message).toMatch(
      /^The websocket backend's options: "relay" must be a relay, which has a name and the method connect, a text: "redis:\/\/USER:PASSWORD@HOST:PORT", .* for a Cluster, or false, found /,
    );
    expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain(password);
  });

  it('is percent-encoded in a DSN', () => {
    const dsn = `websocket://key:secret@1?relay=${encodeURIComponent(address)}&serve=false&relayFailure=local`;
    expect(backendsOf(dsn)).toMatchObject([{ options: { relay: address, serve: false, relayFailure: 'local' } }]);
  });

  it('shows its password nowhere', () => {
    const backend = new WebSocketService({ ...keys, options: { relay: address } });
    const shown = [inspect(backend, { showHidden: true, depth: 20 }), JSON.stringify(backend)];
    for (const text of shown) {
      expect(text).not.toContain(password);
      expect(text).toContain('redis://push:[secret]@redis.example:6379/2');
    }
    expect(backend.redact(`${address} cannot be reached`)).toBe(
      'redis://push:[secret]@redis.example:6379/2 cannot be reached',
    );
  });
});

describe('PUSH_RELAY', () => {
  it('is the relay of each websocket backend that says nothing else, however it is made', () => {
    vi.stubEnv('PUSH_RELAY', ` ${address}\n`);
    class OwnServer extends WebSocketService {}
    const named = { backend: 'websocket', ...keys } as const;
    const [failover] = backendsOf({
      backend: 'failover',
      options: { backends: ['websocket://key:secret@1', { ...named, options: { maxConnections: 5 } }] },
    });
    const backends: readonly AnyBackend[] = [
      ...backendsOf(named),
      ...backendsOf('websocket://key:secret@1?port=0'),
      ...backendsOf({ backend: OwnServer, ...keys }),
      new WebSocketService(keys),
      ...((failover?.api ?? []) as readonly AnyBackend[]),
      ...backendsOf({ backends: { one: named, two: 'websocket://key:secret@2' } }),
    ];
    expect(backends.length).toBe(8);
    expect(backends.map(relayOf)).toEqual(backends.map(() => address));
    for (const backend of backends) expect(inspect(backend, { showHidden: true, depth: 20 })).not.toContain(password);
    expect(backends[0]?.redact(password)).toBe('[secret]');
  });

  it('goes behind what the settings say', () => {
    vi.stubEnv('PUSH_RELAY', address);
    const made = [relay, 'redis://other.example', false].map((each) =>
      relayOf(new WebSocketService({ ...keys, options: { relay: each as Relay } })),
    );
    expect(made).toEqual([relay, 'redis://other.example', false]);
  });

  it('says nothing where it is empty', () => {
    vi.stubEnv('PUSH_RELAY', '  ');
    expect(relayOf(new WebSocketService(keys))).toBeUndefined();
  });

  it('is nothing to other backends, whatever it says', () => {
    vi.stubEnv('PUSH_RELAY', 'oracle://');
    expect(relayOf(new RemoteWebSocketService({ ...keys, options: { port: 6001 } }))).toBeUndefined();
  });

  it('is an error where it names no relay, and does not show its password', async () => {
    vi.stubEnv('PUSH_RELAY', `oracle://root:${password}@db`);
    const error = await failureOf(ConfigurationError, () => backendsOf({ backend: 'websocket', ...keys }));
    expect(error.message).toBe(
      'PUSH_RELAY must be "redis://USER:PASSWORD@HOST:PORT", "rediss://…" for TLS, or "redis+cluster://HOST:PORT,HOST:PORT" for a Cluster.',
    );
    expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain(password);
  });
});

describe('the options beside a relay', () => {
  it.each<[object, string]>([
    [{ serve: false }, '"serve: false" needs "relay" or PUSH_RELAY, without which nobody would hear what is sent.'],
    [
      { serve: false, relay: false },
      '"serve: false" needs "relay" or PUSH_RELAY, without which nobody would hear what is sent.',
    ],
    [{ serve: false, relay, port: 0 }, '"serve: false" excludes "port": a process that serves nobody listens on none.'],
    [{ relayFailure: 'local' }, '"relayFailure" needs "relay" or PUSH_RELAY; "relay: false" means that there is none.'],
    [{ relay, relayFailure: 'drop' }, '"relayFailure" must be "reject" or "local", found a string.'],
    [{ relay, serve: 'no' }, '"serve" must be of type boolean, found a string.'],
  ])('are checked: %j', async (options, problem) => {
    const error = await failureOf(ConfigurationError, () => checkOptions(options));
    expect(error.message).toBe(`The websocket backend's options: ${problem}`);
  });

  it('have defaults, and may stay where an application says that there is no relay', () => {
    expect(checkOptions({ relay })).toMatchObject({ relay, serve: true, relayFailure: 'reject' });
    expect(checkOptions({ relay: false, relayFailure: 'local' })).toMatchObject({ relayFailure: 'local' });
    expect(checkOptions({ relay, serve: false, metricsPort: 0 })).toMatchObject({ serve: false });
  });
});
