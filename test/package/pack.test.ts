import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linksOf } from '../docs/links.js';

const root = join(import.meta.dirname, '../..');
/** Most that a document or one of its pictures may weigh, in bytes. */
const MAX_DOCUMENT_BYTES = 300_000;

const sdks = ['pusher', 'pusher-js', 'pubnub', 'onesignal-node', 'socket.io', '@types/node', '@types/ws'];

const prints = `
  let written = '';
  const push = createPushService({ backend: 'console', options: { stream: { write: (text) => (written += text) } } });
  await push.send({ event: 'order.shipped', channels: 'orders', data: { orderId: 42 } });
  await push.close();
  console.log(written.trim());
`;
const printed = '[push] orders  order.shipped  {"orderId":42}\n';

describe('the packed package, in an empty project', () => {
  const project = mkdtempSync(join(tmpdir(), 'pushrail-package-'));
  let tarball = '';

  function run(file: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(file, args, { cwd: project, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${file} ended with ${status}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  function install(...packages: string[]): void {
    run('npm', 'install', '--silent', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', ...packages);
  }

  function write(name: string, text: string): string {
    writeFileSync(join(project, name), text);
    return name;
  }

  beforeAll(() => {
    run('npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', project, root);
    tarball = `./${readdirSync(project).find((name) => name.endsWith('.tgz'))}`;
    write('package.json', '{ "private": true }');
    install(tarball);
  }, 120_000);

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it('brings no SDK and no types of other packages', () => {
    expect(sdks.filter((name) => existsSync(join(project, 'node_modules', name)))).toEqual([]);
  });

  it('brings its documents, whose links lead to files that it brings too', () => {
    const installed = join(project, 'node_modules/pushrail');
    const documents = globSync('{*,{docs,examples}/**/*}.md', { cwd: installed });
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/client.md', 'examples/chat/README.md']));
    const broken = documents.flatMap((document) =>
      linksOf(join(installed, document)).filter((target) => {
        const [file = ''] = target.split('#');
        return file !== '' && !existsSync(join(installed, dirname(document), file));
      }),
    );
    expect(broken).toEqual([]);
  });

  it('brings no document and no picture that is large', () => {
    const installed = join(project, 'node_modules/pushrail');
    const files = globSync('{*.md,{docs,examples}/**/*.*}', { cwd: installed });
    expect(files.filter((file) => statSync(join(installed, file)).size > MAX_DOCUMENT_BYTES)).toEqual([]);
  });

  it('works by import', () => {
    const file = write('app.mjs', `import { createPushService } from 'pushrail';\n${prints}`);
    expect(run(process.execPath, file)).toBe(printed);
  });

  it('works by require, with the same classes as by import', () => {
    const file = write(
      'app.cjs',
      `const { createPushService, PushError } = require('pushrail');
       const { ConsoleService } = require('pushrail/backends/console');
       (async () => {
         ${prints}
         const imported = await import('pushrail');
         console.log(imported.PushError === PushError, createPushService({ backend: 'console' }).backend instanceof ConsoleService);
       })();`,
    );
    expect(run(process.execPath, file)).toBe(`${printed}true true\n`);
  });

  it('type-checks with skipLibCheck off and without the types of Node', () => {
    write(
      'app.ts',
      `import { createPushService, PushService, PushServiceWrapper, memorySessions, userChannels } from 'pushrail';
       import type { BackendSettings, OutgoingMessage, PushServerSettings, SendReport } from 'pushrail';
       import { ConsoleService } from 'pushrail/backends/console';
       import { failover, FailoverService } from 'pushrail/backends/failover';
       import { fanout } from 'pushrail/backends/fanout';
       import { OneSignalService } from 'pushrail/backends/onesignal';
       import { PubNubService } from 'pushrail/backends/pubnub';
       import { PusherService } from 'pushrail/backends/pusher';
       import { roundrobin } from 'pushrail/backends/roundrobin';
       import { RemoteWebSocketService } from 'pushrail/backends/remote';
       import { WebSocketService } from 'pushrail/backends/websocket';
       import { PushClient, socketIdFetch } from 'pushrail/client';
       import { usePushEvent } from 'pushrail/client/react';
       import { createPushHandler, type PushHandler, pushSession, type RequestSession, toNodeHandler } from 'pushrail/http';
       import { expressSessions } from 'pushrail/sessions/express';
       import { redisSessions } from 'pushrail/sessions/redis';
       import { pushServerSchema } from 'pushrail/settings';
       import { memorySessions as sameSessions } from 'pushrail/sessions/memory';
       import { userChannels as sameChannels } from 'pushrail/sessions/user-channels';
       import { backendConformance, sessionConformance } from 'pushrail/testing';

       class Api { publish(_channel: string, _message: OutgoingMessage): Promise<void> { return Promise.resolve(); } }
       export class MyService extends PushServiceWrapper<Api> {
         constructor(settings: BackendSettings) { super(settings); this.api = new Api(); }
         protected async sendData(channel: string, message: OutgoingMessage) { await this.api.publish(channel, message); }
         override async subscribe(channel: string) { this.receive({ channel, event: 'e', data: null }); }
       }

       export const checked = createPushService(pushServerSchema.parse({ backend: 'console' }));
       export const settings: PushServerSettings[] = [
         { backend: 'console', options: { format: 'json' } },
         { backend: 'websocket', appId: 'a', pubKey: 'k', secretKey: 's', options: { port: 6001 }, sessions: memorySessions() },
         { backend: MyService, options: { any: 'thing' }, sessions: userChannels({ prefix: 'user-' }) },
         { backend: new MyService({}) },
         { backend: new ConsoleService() },
         { backend: './my-service.js#MyService' },
         { backend: RemoteWebSocketService, appId: 'a' },
         { backend: 'pusher', appId: 'a', pubKey: 'k', secretKey: 's', options: { cluster: 'eu' } },
         { backend: 'pubnub', pubKey: 'k', subKey: 's', options: { ttl: 24 } },
         { backend: 'onesignal', appId: 'a', secretKey: 's', options: { language: 'de' } },
         { backend: failover(new PusherService({ appId: 'a' }), fanout(new PubNubService(), roundrobin(new OneSignalService()))) },
         { backend: 'failover', options: { backends: [{ backend: 'pusher', options: { cluster: 'eu' } }, 'console:'] } },
       ];
       export const middleware = pushSession({ sessions: redisSessions({ sendCommand: () => Promise.resolve([]) }) });
       export const inStore = pushSession({ sessions: expressSessions({ all: () => [] }), user: () => ({ id: 1 }) });
       export const config = (request: { pushSession: RequestSession }) => request.pushSession.clientConfig();
       declare module 'pushrail' { interface PushTypes { user: { id: string; isAdmin: boolean } } }
       PushService.authorize('private-orders.{orderId}', ({ user, params }) => user.isAdmin && params.orderId !== '');
       // @ts-expect-error no parameter of the pattern
       PushService.authorize('private-{a}', ({ params }) => params.b === '');
       export const handler: PushHandler = createPushHandler(PushService, {
         authenticate: (request, { node }) => (request.headers.has('cookie') ? { id: String(node?.['user']), isAdmin: false } : null),
         webhook: (event) => { if (event.type === 'clientEvent') return event.socketId; },
       });
       export const nodeHandler: (request: { method?: string }, response: object) => Promise<void> = toNodeHandler(handler);
       export const cases = sessionConformance({ create: () => ({ sessions: memorySessions() }) });
       // @ts-expect-error an option of another backend
       export const wrong: PushServerSettings = { backend: 'console', options: { port: 6001 } };
       // @ts-expect-error an option of another backend
       export const wronger: PushServerSettings = { backend: 'pusher', options: { ttl: 24 } };
       // @ts-expect-error what the tables of pushrail's own documents say of a backend
       export const about = PusherService.about;
       // @ts-expect-error both channels and users
       void PushService.send({ channels: 'a', users: 'b', data: null });
       // @ts-expect-error neither channels nor users
       void PushService.send({ event: 'e', data: null });

       const users = [{ id: 1, name: 'Ann' }];
       export const report: Promise<SendReport<{ id: number; name: string }>> = PushService.send({ users, data: 1 });
       void PushService.send({ users: 'ann', data: null, event: 'e' });
       PushService.on('messageReceived', ({ channel, event, data }) => [channel, event, data]);
       const api: Api = new MyService({}).api;
       export const same: Api = createPushService({ backend: MyService }).backend.api;
       export const history = createPushService({ backend: 'pubnub', pubKey: 'k', subKey: 's' }).backend.history;
       export const one = createPushService({ backend: new OneSignalService({ appId: 'a', secretKey: 's' }) });
       void PushService.send({ channels: 'a', data: 1 }).then(({ info }) => one.backend.cancel(info['a']?.notificationId ?? ''));
       export const count: number = new PubNubService().capabilities.maxPayloadBytes;
       export const all = [api, backendConformance, FailoverService, createPushService, WebSocketService, PushClient, socketIdFetch, usePushEvent, sameSessions, sameChannels];
      `,
    );
    write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          lib: ['es2023', 'dom', 'esnext.disposable'],
          module: 'nodenext',
          types: [],
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
        },
        files: ['app.ts'],
      }),
    );
    write('package.json', '{ "private": true, "type": "module" }');
    expect(run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.')).toBe('');
  });

  it('says what to install for a hosted backend, and works once it is there', () => {
    const settings = "backend: 'pusher', appId: '1', pubKey: 'key', secretKey: 'secret'";
    const file = write(
      'hosted.mjs',
      `import { createPushService } from 'pushrail';
       try {
         console.log(createPushService({ ${settings} }).backend.api.constructor.name);
       } catch (error) {
         console.log(error.name + ': ' + error.message);
       }`,
    );
    expect(run(process.execPath, file)).toBe(
      'ConfigurationError: the pusher backend needs the package "pusher": npm install pusher. In a bundle, ' +
        `import * as Pusher from 'pusher' and pass it as the option "Pusher" (docs/bundlers.md).\n`,
    );
    install(tarball, 'pusher@5');
    expect(run(process.execPath, file)).toBe('Pusher\n');
  }, 60_000);

  it('brings the command', () => {
    expect(run(join(project, 'node_modules/.bin/pushrail'), '--help')).toMatch(/^Usage: pushrail /);
  });

  it('tells what the demo needs where pusher-js is not installed, and promises no page', () => {
    expect(() => run(join(project, 'node_modules/.bin/pushrail'), 'demo', '--once', '--port', '0')).toThrow(
      /ended with 1:\n\nerror: pushrail demo needs the package "pusher-js": npm install pusher-js\n$/,
    );
  });

  it('tells in the log and in the answer what client.js needs where pusher-js is not installed', () => {
    const file = write(
      'client-script.mjs',
      `import { createPushService } from 'pushrail';
       import { createPushHandler } from 'pushrail/http';
       const logger = { debug() {}, info() {}, warn() {}, error: ({ err }) => console.log(err.message) };
       const ask = async (settings) => {
         const push = createPushService({ ...settings, logger });
         const response = await createPushHandler(push)(new Request('http://localhost/push/client.js'));
         console.log(response.status, response.ok || (await response.json()).error);
         await push.close();
       };
       await ask({ backend: 'websocket', appId: '1001', pubKey: 'key', secretKey: 'secret' });
       await ask({ backend: 'console' });`,
    );
    const text =
      'client.js needs the package "pusher-js" for the websocket backend, and dist/web/pusher.min.js in it: ' +
      'npm install pusher-js. A bundled server needs it in node_modules beside it.';
    expect(run(process.execPath, file)).toBe(`${text}\n500 ${text}\n200 true\n`);
  });

  it('lets the process end by itself after close()', () => {
    const file = write(
      'end.mjs',
      `import { createPushService } from 'pushrail';
       const push = createPushService('websocket://key:secret@app?port=0&host=127.0.0.1');
       await push.ready();
       await push.close();
       console.log('ended');`,
    );
    expect(run(process.execPath, file)).toBe('ended\n');
  });
});
