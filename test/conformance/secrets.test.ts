import { inspect } from 'node:util';
import { expect, test, vi } from 'vitest';
import { createPushService, PushError, type PushServerSettings, type PushService } from '../../src/index.js';
import type { Fault } from '../providers/faults.js';
import { ProviderServer } from '../providers/provider-server.js';
import { freePort } from '../support/ports.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { faultsQuoting } from './secrets/faults.js';
import { placesOf, secretsIn } from './secrets/search.js';
import { commonCalls, type Place, type Target, targets } from './secrets/targets.js';

/** Deadline of what is not answered, in milliseconds. */
const SHORT_MS = 250;
/** After the deadline, until a connection is cut, in milliseconds. */
const PATIENCE_MS = 750;

/** What one backend showed in one failure. */
interface Scene {
  readonly name: string;
  readonly secrets: ReadonlySet<string>;
  readonly shown: Record<string, unknown>;
}

/** Calls everything that a backend has, at a provider where all goes wrong. */
async function drive(
  name: string,
  { settings, calls, subscribing, secrets }: Target,
  place: Place,
  hangUp = (): void => {},
): Promise<Scene> {
  const logger = new RecordingLogger();
  const push = createPushService({ ...settings(place), retries: 0, timeout: place.deadlineMs, logger });
  const all = [
    ...commonCalls(push),
    ...calls(push),
    ...((/stalled|403|nobody/.test(name) && subscribing?.(push)) || []),
  ];
  const calling = Promise.all(all.map((call) => call().then(reported, (error: unknown) => error)));
  // A query that has no deadline of its own ends with its connection.
  const timer = setTimeout(hangUp, place.deadlineMs + PATIENCE_MS);
  const results = await calling;
  clearTimeout(timer);
  // Some providers accept by the status alone.
  if (!/200|wrong JSON/.test(name)) expect(results[0], `${name}: the first send`).toBeInstanceOf(PushError);
  const service = views(push);
  const closed = await push.close().catch((error: unknown) => error);
  return { name, secrets: new Set(secrets), shown: { ...results, logged: logger.entries, ...service, closed } };
}

/** The report of a send: it holds the errors of channels. What else comes back is an answer to a question, as the provider gave it. */
function reported(result: unknown): unknown {
  const isReport = [result].flat().every((one) => typeof one === 'object' && one !== null && 'rejected' in one);
  return { report: isReport ? result : undefined };
}

function views(push: PushService): object {
  const options = { depth: 20, showHidden: true };
  return {
    service: inspect(push, options),
    backend: inspect(push.backend, options),
    channel: inspect(push.channel('orders'), options),
    'service as JSON': JSON.stringify(push),
    'backend as JSON': JSON.stringify(push.backend),
  };
}

/** One fault of the provider's answer. What reaches the provider is secret as well. */
async function spoilt(name: string, target: Target, fault: Fault): Promise<Scene> {
  const server = await ProviderServer.start(() => ({ body: {} }));
  server.always = fault;
  // Where all is answered, a busy machine must not be taken for a provider that stalls.
  const deadlineMs = /stalled/.test(name) ? SHORT_MS : 3_000;
  const place = { host: '127.0.0.1', port: server.port, useSsl: false, deadlineMs };
  const scene = await drive(name, target, place, () => void server.close());
  await server.close();
  if (deadlineMs > SHORT_MS) expect(server.requests.length, `${name}: requests`).toBeGreaterThan(0);
  return { ...scene, secrets: new Set([...target.secrets, ...server.requests.flatMap(secretsIn)]) };
}

/** Settings that are wrong, with a secret where none belongs. */
function wrongSettings(name: string, target: Target): readonly Scene[] {
  const right = target.settings({ host: '127.0.0.1', port: 1, useSsl: false, deadlineMs: SHORT_MS });
  if (typeof right.backend === 'object') return [];
  const { options = {} } = right as { options?: object };
  const [secret = ''] = target.secrets;
  const wrong: readonly object[] = [
    { options: { ...options, [secret]: secret } },
    {
      options: {
        ...options,
        requestTimeoutMs: secret,
        port: secret,
        origin: ` ${secret}`,
        apiRoot: secret,
      },
    },
    { options: { ...options, encryptionMasterKeyBase64: secret, cipherKey: 1, host: secret } },
    { timeout: secret },
    { secretkey: secret },
    { useSsl: secret },
  ];
  return wrong.map((change, index) => {
    const error = thrownBy(() => createPushService({ ...right, ...change } as never));
    return { name: `${name}: wrong settings ${index}`, secrets: new Set(target.secrets), shown: { error } };
  });
}

/** Backends without a provider. @param port one that is taken */
function withoutProvider(port: number): readonly Promise<Scene>[] {
  const secret = 'secret-of-a-local-backend';
  const write = (text: string): void => {
    throw Object.assign(new Error(`cannot write with ${secret}`), { text, request: { headers: { key: secret } } });
  };
  const keys = { appId: 'app', pubKey: 'key', secretKey: secret };
  const all: Readonly<Record<string, PushServerSettings>> = {
    'console that cannot print': { backend: 'console', secretKey: secret, options: { stream: { write } } },
    'websocket whose port is taken': { backend: 'websocket', ...keys, options: { port, host: '127.0.0.1' } },
  };
  return Object.entries(all).map(([name, settings]) => {
    const target: Target = { secrets: [secret], settings: () => settings, calls: (push) => [() => push.ready()] };
    return drive(name, target, { host: '', port, useSsl: false, deadlineMs: SHORT_MS });
  });
}

function wrongDsns(): readonly Scene[] {
  const secret = 'secret-within-a-dsn';
  const dsns = [
    `pusher://key:${secret}@app?clutser=eu`,
    `pusher://key:${secret}@`,
    `pubnub://key:${secret}@`,
    `onesignal://:${secret}@app?apiRoot=${secret}`,
    `websocket://key:${secret}@app?port=${secret}`,
    `https://key:${secret}@api-eu.pusher.com/nowhere`,
    `failover(pusher://key:${secret}@app pubnub://key:${secret}@)`,
    `fanout(pusher://key:${secret}@app`,
    `psuher://key:${secret}@app`,
    `:${secret}`,
  ];
  return dsns.map((dsn, index) => {
    const error = thrownBy(() => createPushService(dsn));
    return { name: `wrong DSN ${index}`, secrets: new Set([secret]), shown: { error } };
  });
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return expect.fail('wrong settings were taken');
}

test('no failure of any backend shows a secret', async () => {
  const printed: unknown[] = [];
  const keep = (...parts: unknown[]): boolean => {
    printed.push(...parts);
    return true;
  };
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockImplementation(keep);
  for (const level of ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const)
    vi.spyOn(console, level).mockImplementation(keep as () => void);
  process.on('warning', keep);
  const elsewhere = await ProviderServer.start(() => ({ body: {} }));
  const plain = await ProviderServer.start(() => ({ body: {} }));
  const untrusted = await ProviderServer.start(() => ({ body: {} }), { tls: true });
  const otherHost = elsewhere.origin.replace('127.0.0.1', 'localhost');
  const places: Readonly<Record<string, Place>> = {
    'nobody listens': { host: '127.0.0.1', port: await freePort(), useSsl: false, deadlineMs: SHORT_MS },
    'no TLS on the other side': { host: '127.0.0.1', port: plain.port, useSsl: true, deadlineMs: SHORT_MS },
    'a certificate that is not trusted': {
      host: '127.0.0.1',
      port: untrusted.port,
      useSsl: true,
      deadlineMs: SHORT_MS,
    },
    'an unknown host': { host: 'no-such-host.invalid', port: 8443, useSsl: true, deadlineMs: SHORT_MS },
  };
  const scenes = [...wrongDsns(), ...(await Promise.all(withoutProvider(plain.port)))];
  for (const [backend, target] of Object.entries(targets)) {
    const faults = faultsQuoting(target.secrets, otherHost);
    const acts = [
      ...Object.entries(faults).map(
        ([fault, how]) =>
          () =>
            spoilt(`${backend}: ${fault}`, target, how),
      ),
      ...Object.entries(places).map(
        ([what, place]) =>
          () =>
            drive(`${backend}: ${what}`, target, place),
      ),
    ];
    // A few at once: most wait for their deadlines, which a busy machine must not miss for other reasons.
    const left = acts.values();
    const play = async (): Promise<void> => {
      for (const act of left) scenes.push(await act());
    };
    await Promise.all(Array.from({ length: 8 }, play));
    scenes.push(...wrongSettings(backend, target));
  }
  for (const server of [elsewhere, plain, untrusted]) await server.close();
  process.off('warning', keep);
  vi.restoreAllMocks();

  const signatures = scenes.flatMap(({ secrets }) => [...secrets]);
  expect(new Set(signatures).size).toBeGreaterThan(100);
  const leaks = scenes.flatMap(({ name, shown, secrets }) =>
    placesOf(shown, secrets).map((place) => `${name}: ${place}`),
  );
  expect(leaks).toEqual([]);
  expect(placesOf(printed, signatures)).toEqual([]);
  expect(elsewhere.requests).toEqual([]);
}, 60_000);

const secret = 'a "secret" key';

class WithHiddenField extends Error {
  constructor() {
    super('failed');
    Object.defineProperty(this, 'request', { value: { headers: { authorization: secret } }, enumerable: false });
  }
}

test.each<[string, unknown]>([
  ['in a message', new Error(`wrong: ${secret}`)],
  ['in a cause', new Error('a', { cause: new Error('b', { cause: new Error(secret) }) })],
  ['in an own property', Object.assign(new Error('a'), { status: { url: `/?key=${encodeURIComponent(secret)}` } })],
  ['under a symbol', Object.assign(new Error('a'), { [Symbol('kept')]: [secret] })],
  ['in a property that is not enumerable', new WithHiddenField()],
  ['in a map', Object.assign(new Error('a'), { headers: new Map([['key', secret]]) })],
  ['in bytes', Object.assign(new Error('a'), { body: Buffer.from(secret) })],
  ['in base64', new Error(`Basic ${Buffer.from(`${secret}`).toString('base64')}`)],
  ['in JSON within JSON', { text: JSON.stringify({ key: secret }) }],
  ['as a key', { [secret]: 1 }],
  ['in what toJSON returns', { toJSON: () => ({ key: secret }) }],
])('the search finds a secret %s', (_where, value) => {
  expect(placesOf({ result: value }, [secret])).not.toEqual([]);
  expect(placesOf({ result: value }, ['another secret'])).toEqual([]);
});
