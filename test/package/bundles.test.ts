import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { nodeFileTrace } from '@vercel/nft';
import { type BuildOptions, build, type Format } from 'esbuild';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startOneSignalProvider } from '../providers/onesignal-provider.js';
import { startPubNubProvider } from '../providers/pubnub-provider.js';
import { startPusherProvider } from '../providers/pusher-provider.js';
import { credentials, startServer } from '../server/support/server.js';
import { withPostgres } from '../support/postgres.js';
import { programOutput } from '../support/program-output.js';

// Applications on the built package, made into one file by esbuild, which runs where nothing is installed.

const root = join(import.meta.dirname, '../..');
const database = withPostgres();
const empty = mkdtempSync(join(tmpdir(), 'pushrail-bundle-'));

/** What esbuild's documents say for packages in CommonJS, such as `ws`, in a bundle that is an ES module. */
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

afterAll(() => rmSync(empty, { recursive: true }));

/** Bundles a program and runs it in a folder of its own. @returns what it prints */
async function bundled(program: string, format: Format, options: BuildOptions = {}): Promise<string> {
  const file = join(empty, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
  const { outputFiles, warnings } = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    platform: 'node',
    format,
    banner: format === 'esm' ? { js: banner } : {},
    write: false,
    logLevel: 'silent',
    // As for any package in node_modules.
    logOverride: { 'ignored-bare-import': 'silent' },
    // Without the paths of this repository's tsconfig.json: the package as it is built.
    tsconfigRaw: {},
    ...options,
  });
  expect(warnings.map(({ text }) => text)).toEqual([]);
  writeFileSync(file, outputFiles?.[0]?.contents ?? '');
  return programOutput(process.execPath, [file], empty);
}

/** The hosted backends, with their packages and the options that take these. */
const hosted = [
  { backend: 'pusher', sdk: 'pusher', option: 'Pusher', startProvider: () => startPusherProvider() },
  { backend: 'pubnub', sdk: 'pubnub', option: 'PubNub', startProvider: () => startPubNubProvider() },
  { backend: 'onesignal', sdk: 'onesignal-node', option: 'OneSignal', startProvider: () => startOneSignalProvider() },
];

describe.each(['cjs', 'esm'] as const)('in a bundle that is %s', (format) => {
  it.each([false, true])('sends with a backend that needs no other package (minified: %s)', async (minify) => {
    const program = `
      import { createPushService } from 'pushrail';
      const push = createPushService({ backend: 'console' });
      push.send({ event: 'order.shipped', channels: 'orders', data: { orderId: 42 } })
        .then(({ status }) => { console.log(status); return push.close(); });`;
    expect(await bundled(program, format, { minify })).toBe('[push] orders  order.shipped  {"orderId":42}\naccepted\n');
  });

  it('records messages in the SQLite of Node, and in PostgreSQL by a pool that the application makes', async () => {
    const program = `
      import { createPushService } from 'pushrail';
      import { postgresMessages } from 'pushrail/messages/postgres';
      import { sqliteMessages } from 'pushrail/messages/sqlite';
      import pg from 'pg';
      async function main() {
        const pool = new pg.Pool({ connectionString: ${JSON.stringify(database.url())} });
        const file = '${format}.db';
        for (const messages of [sqliteMessages({ file }), 'sqlite:' + file, postgresMessages(pool)]) {
          const push = createPushService({ backend: 'console', options: { stream: { write() {} } }, messages });
          await push.send({ event: 'order.shipped', channels: 'orders', data: { orderId: 42 }, tag: '${format}' });
          console.log(await push.messages.count({ state: 'DEBUG', tag: '${format}' }));
          await push.close();
        }
        await pool.end();
        const late = createPushService({ backend: 'console', messages: ${JSON.stringify(database.url())}, worker: false });
        await late.messages.count().catch(({ name, message }) => console.log(name, message));
        await late.close();
      }
      void main();`;
    expect(await bundled(program, format)).toBe(
      '1\n2\n1\nConfigurationError postgresMessages() with an address needs the package "pg": npm install pg. ' +
        'In a bundle, pass a pool: postgresMessages(new Pool({ connectionString })).\n',
    );
  });

  it('sends by hosted backends, and subscribes, with packages that the application imports', async () => {
    const server = await startServer();
    const channels = { ...credentials, useSsl: false, options: { host: '127.0.0.1', port: server.address?.port } };
    const services = [{ backend: 'pusher', ...channels }];
    for (const { startProvider } of hosted.slice(1)) {
      const provider = await startProvider();
      onTestFinished(() => provider.close());
      services.push(provider.settings as (typeof services)[0]);
    }
    const program = `
      import { createPushService } from 'pushrail';
      ${hosted.map(({ sdk, option }) => `import * as ${option} from '${sdk}';`).join('\n')}
      import * as PusherJs from 'pusher-js';
      const given = [{ Pusher, PusherJs }, { PubNub }, { OneSignal }];
      async function main() {
        for (const [index, settings] of ${JSON.stringify(services)}.entries()) {
          const push = createPushService({ ...settings, options: { ...settings.options, ...given[index] } });
          if (index === 0) await push.subscribe('private-orders');
          const arrived = index > 0 || new Promise((resolve) => push.on('messageReceived', ({ data }) => resolve(data)));
          const notification = { title: 'Order 42' };
          const { status } = await push.send({ event: 'a', channels: 'private-orders', data: 42, notification });
          console.log(push.backend.name, status, (await arrived).notification?.title);
          await push.close();
        }
      }
      void main();`;
    expect(await bundled(program, format)).toBe(
      'pusher accepted Order 42\npubnub accepted undefined\nonesignal accepted undefined\n',
    );
  });
});

it('has its files and those of the packages that a route imports in a trace, as Next.js copies them', async () => {
  const server = await startServer();
  const folder = mkdtempSync(join(import.meta.dirname, '.route-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const options = { host: '127.0.0.1', port: server.address?.port };
  writeFileSync(
    join(folder, 'route.mjs'),
    `import { createPushService } from 'pushrail';
    import * as Pusher from 'pusher';
    import * as PusherJs from 'pusher-js';
    const options = ${JSON.stringify(options)};
    const settings = ${JSON.stringify({ ...credentials, useSsl: false })};
    const push = createPushService({ backend: 'pusher', ...settings, options: { ...options, Pusher, PusherJs } });
    const arrived = new Promise((resolve) => push.on('messageReceived', resolve));
    await push.subscribe('orders');
    await push.send({ event: 'order.shipped', channels: 'orders', data: 42 });
    console.log((await arrived).data);
    await push.close();`,
  );
  const { fileList } = await nodeFileTrace([join(folder, 'route.mjs')], { base: root });
  const traced = mkdtempSync(join(tmpdir(), 'pushrail-traced-'));
  onTestFinished(() => rmSync(traced, { recursive: true }));
  for (const file of fileList) cpSync(join(root, file), join(traced, file));
  const copy = join(traced, relative(root, folder));
  expect(await programOutput(process.execPath, [join(copy, 'route.mjs')], copy)).toBe('42\n');
});

it('keeps the names of errors and backends when it is minified, and says how a backend gets its package', async () => {
  const program = `
    import * as pushrail from 'pushrail';
    import { PushClientError } from 'pushrail/client';
    import { FailoverService } from 'pushrail/backends/failover';
    import { PusherService } from 'pushrail/backends/pusher';
    const errors = ['ConfigurationError', 'ValidationError', 'AuthenticationError', 'RateLimitError', 'TimeoutError',
      'UnsupportedOperationError', 'AbortError', 'DeliveryError'];
    for (const name of errors) {
      const error = new pushrail[name]('text', {});
      if (error.name !== name || !require('node:util').inspect(error).startsWith(name + ': text')) console.log(error);
    }
    console.log(new pushrail.PushError('text', 'DELIVERY').name, new PushClientError('text', 'CONNECTION').name);
    class Late extends pushrail.DeliveryError { static name = 'Late'; }
    console.log(new Late('text', { outcome: 'unknown' }).name);
    class Pusher { constructor() { throw new Error('no key'); } }
    const keys = { appId: '1001', pubKey: 'key', secretKey: 'secret', options: { Pusher } };
    for (const settings of [{ backend: PusherService, ...keys }, { backend: FailoverService }]) {
      try { pushrail.createPushService(settings); } catch (error) { console.log(error.name + ': ' + error.message); }
    }
    const appId = '00000000-0000-4000-8000-000000000000';
    for (const backend of ['pusher', 'pubnub', 'onesignal']) {
      try { pushrail.createPushService({ backend, ...keys, appId, subKey: 'key', options: {} }); }
      catch (error) { console.log(error.message); }
    }`;
  expect(await bundled(program, 'cjs', { minify: true })).toBe(
    [
      'PushError PushClientError',
      'Late',
      'ConfigurationError: The pusher backend refused its settings: no key',
      'ConfigurationError: The failover backend\'s options: "backends" must be of type array, found nothing.',
      ...hosted.map(
        ({ backend, sdk, option }) =>
          `the ${backend} backend needs the package "${sdk}": npm install ${sdk}. In a bundle, import * as ${option} from '${sdk}' and pass it as the option "${option}" (docs/bundlers.md).`,
      ),
      '',
    ].join('\n'),
  );
});

it('shares the default service with other copies in the process, as in Next.js, and by require and import', async () => {
  const outputs = await Promise.all(
    (['esm', 'cjs'] as const).map(async (format) => {
      const { outputFiles } = await build({
        stdin: { contents: "export { PushService } from 'pushrail';", resolveDir: root },
        bundle: true,
        platform: 'node',
        format,
        banner: format === 'esm' ? { js: banner } : {},
        write: false,
        tsconfigRaw: {},
      });
      return outputFiles[0]?.contents;
    }),
  );
  writeFileSync(join(empty, 'instrumentation.mjs'), outputs[0] as Uint8Array);
  writeFileSync(join(empty, 'route.cjs'), outputs[1] as Uint8Array);
  const program = `
    import { PushService as ofInstrumentation } from './instrumentation.mjs';
    import { createRequire } from 'node:module';
    const { PushService } = createRequire(import.meta.url)('./route.cjs');
    ofInstrumentation.configure({ backend: 'console' });
    const { status } = await PushService.send({ event: 'order.shipped', channels: 'orders', data: { orderId: 42 } });
    console.log(status, PushService === ofInstrumentation);
    const version = JSON.parse(process.argv[2]).split('.')[0];
    console.log(PushService === globalThis[Symbol.for('pushrail.v' + version + '.PushService')]);
    await PushService.close();`;
  writeFileSync(join(empty, 'application.mjs'), program);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const args = [join(empty, 'application.mjs'), JSON.stringify(version)];
  expect(await programOutput(process.execPath, args, empty)).toBe(
    '[push] orders  order.shipped  {"orderId":42}\naccepted true\ntrue\n',
  );
});

it('keeps nothing of import.meta in CommonJS, of whatever an application imports on the server', async () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };
  const entries = Object.keys(exports).filter((entry) => !/^\.\/(?:client|package)\b/.test(entry));
  expect(entries).toContain('./backends/pusher');
  const imports = entries.map((entry, index) => `import * as m${index} from '${join('pushrail', entry)}';`);
  const all = entries.map((_, index) => `Object.keys(m${index}).length > 0`).join(', ');
  // esbuild warns of each import.meta; Jest's transforms stop at one.
  expect(await bundled(`${imports.join('\n')}\nconsole.log([${all}].every(Boolean));`, 'cjs')).toBe('true\n');
});
