import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeliveryError } from '../../../src/index.js';
import { startPubNubProvider } from '../../providers/pubnub-provider.js';
import { failureOf } from '../../support/failure-of.js';
import { eventually } from './support/eventually.js';
import { sdkVersions } from './support/sdk-versions.js';
import { setUp } from './support/setup.js';

const source = new URL('../../../src/index.ts', import.meta.url);
const certificateFile = join(import.meta.dirname, '../../support/tls/localhost-cert.pem');

describe.each(sdkVersions)('closing with version $version of the SDK', ({ PubNub, version }) => {
  it('tells PubNub, frees the connections, and may be done twice', async () => {
    const { provider, push, backend } = await setUp({ PubNub });
    await push.subscribe('orders');
    await push.send({ channels: 'orders', data: 1 });
    await backend.close();
    await backend.close();
    expect(provider.present.get('orders')).toEqual(new Set());
    await eventually(() => provider.server.openConnections).toBe(0);
  });

  it('does not wait for an answer that has broken off', async () => {
    const { provider, push } = await setUp({ PubNub, requestTimeoutMs: 60_000 });
    provider.server.faults.push((_answer, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      response.write('{', () => response.socket?.end());
    });
    const error = await failureOf(DeliveryError, push.send({ channels: 'orders', data: 1 }));
    expect(error).toMatchObject({ outcome: 'unknown', retryable: true });
    expect(error.message).toMatch(/The connection to PubNub at .* was lost/);
    await push.close();
    await eventually(() => provider.server.openConnections).toBe(0);
  });

  it('leaves a backend that can be used again', async () => {
    const { provider, backend, push, heard } = await setUp({ PubNub });
    await backend.subscribe('orders');
    await push.send({ channels: 'orders', data: 1 });
    await eventually(() => heard).toHaveLength(1);
    await backend.close();
    provider.publish('orders', 2);
    await backend.subscribe('orders');
    await push.send({ channels: 'orders', data: 3 });
    await eventually(() => heard.map(({ data }) => data)).toEqual([1, 3]);
  });

  it('lets the process end, over TLS too', async () => {
    const provider = await startPubNubProvider({ tls: true });
    onTestFinished(() => provider.close());
    const { options, ...settings } = provider.settings;
    const program = `
      import { createRequire } from 'node:module';
      const { createPushService } = await import(${JSON.stringify(source.href)});
      const PubNub = createRequire(${JSON.stringify(import.meta.url)})('${version === '11' ? 'pubnub-11' : 'pubnub'}');
      const push = createPushService({ ...${JSON.stringify(settings)}, options: { ...${JSON.stringify(options)}, PubNub } });
      const heard = new Promise((resolve) => push.once('messageReceived', resolve));
      await push.subscribe('orders');
      await push.send({ channels: 'orders', data: 42 });
      console.log('heard', (await heard).data);
      await push.close();
      console.log('closed');`;
    const child = spawn(process.execPath, ['--input-type=module', '--import', hook(), '-e', program], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificateFile },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect({ printed, code }).toEqual({ printed: 'heard 42\nclosed\n', code: 0 });
  });
});

/** Lets Node load the sources as they are: their imports end in .js. */
function hook(): string {
  const code = `import { registerHooks } from 'node:module';
    registerHooks({ resolve: (specifier, at, next) => next(at.parentURL?.startsWith('${new URL('.', source).href}') && specifier.startsWith('.') ? specifier.replace(/\\.js$/, '.ts') : specifier, at) });`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
