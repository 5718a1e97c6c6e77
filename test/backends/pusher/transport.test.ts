import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type Duplex, PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DeliveryError } from '../../../src/index.js';
import { certificate } from '../../providers/provider-server.js';
import { credentials, startServer } from '../../server/support/server.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { startProxy } from '../../support/http-proxy.js';
import { programOutput } from '../../support/program-output.js';
import { sourceProgram } from '../../support/source-program.js';
import { PlainProxyAgent, TunnelAgent } from './support/proxies.js';
import { start } from './support/start.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `c${index}`);

/** Fails as the agent of a proxy may, without an error code. */
class FailingAgent extends HttpAgent {
  override createConnection(_options: object, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    setImmediate(() => callback?.(new Error('proxy http://user:pass-word@proxy:1 ended'), new PassThrough()));
  }
}

test('an agent that fails is quoted, without the password of its proxy', async () => {
  const agent = new FailingAgent();
  const { push, backend } = await start({ options: { agent } });
  Object.assign(agent, { proxy: { password: 'pass-word' } });
  const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
  expect(error.message).toContain('The pusher package failed: proxy http://[secret]@proxy:1 ended');
  expect(error.outcome).toBe('unknown');
  expect(everythingShown(error) + everythingShown(backend.api) + everythingShown(push)).not.toContain('pass-word');
});

describe('connections', () => {
  test('are kept and used again', async () => {
    const { provider, push, backend } = await start();
    for (const n of [1, 2, 3]) await push.send({ channels: 'a', data: n });
    await backend.channels();
    expect(provider.server.connections).toBe(1);
  });

  test('are never more than "concurrency"', async () => {
    const { provider, push } = await start({ concurrency: 3 });
    await push.send({ channels: names(1000), data: 1 });
    expect(provider.server.requests).toHaveLength(10);
    expect(provider.server.mostConnections).toBe(3);
  });

  test('are never more than "maxSockets"', async () => {
    const { provider, push } = await start({ options: { maxSockets: 2 } });
    await push.send({ channels: names(1000), data: 1 });
    expect(provider.server.mostConnections).toBe(2);
  });

  test('are closed by close(), after which the service works again', async () => {
    const { provider, push, backend } = await start();
    await push.send({ channels: 'a', data: 1 });
    await backend.close();
    await backend.close();
    await expect.poll(() => provider.server.openConnections).toBe(0);
    await push.send({ channels: 'a', data: 2 });
    expect(provider.received).toHaveLength(2);
  });

  test('do not keep the process from ending, nor does a subscription after close()', async () => {
    const server = await startServer();
    const settings = { ...credentials, useSsl: false, options: { host: '127.0.0.1', port: server.address?.port } };
    const source = new URL('../../../src/backends/pusher/index.ts', import.meta.url);
    const program = `
      const { PusherService } = await import(${JSON.stringify(source.href)});
      const service = new PusherService(${JSON.stringify(settings)});
      await service.subscribe('private-a');
      await service.sendToUser('ann', 'x', 1);
      await service.close();
      console.log('closed');`;
    expect(await programOutput(process.execPath, sourceProgram(program), process.cwd())).toBe('closed\n');
  });
});

describe('an agent that is handed in', () => {
  test('is used, and stays open', async () => {
    const agent = new HttpAgent({ keepAlive: true });
    const destroy = vi.spyOn(agent, 'destroy');
    const { provider, push } = await start({ options: { agent } });
    await push.send({ channels: 'a', data: 1 });
    expect(Object.keys(agent.freeSockets)).toHaveLength(1);
    await push.close();
    expect(destroy).not.toHaveBeenCalled();
    expect(provider.server.openConnections).toBe(1);
    agent.destroy();
  });

  test('may trust a certificate authority of its own', async () => {
    const agent = new HttpsAgent({ keepAlive: true, ca: certificate });
    onTestFinished(() => agent.destroy());
    const { provider, push, backend } = await start({ tls: true, options: { agent } });
    await push.send({ channels: 'a', data: 1 });
    await backend.channels({ prefix: 'presence-' });
    expect(provider.received).toHaveLength(1);
    expect(provider.server.connections).toBe(1);
  });

  test('may lead through a proxy', async () => {
    const proxy = await startProxy();
    const agent = new PlainProxyAgent(proxy.port);
    onTestFinished(() => agent.destroy());
    const { provider, push, backend } = await start({ options: { agent } });
    await push.send({ channels: 'a', data: 1 });
    expect(await backend.channels({ prefix: 'a&b' })).toHaveProperty(['a&b=c#d+e %']);
    expect(provider.received).toHaveLength(1);
    const base = `${provider.server.origin}/apps/12345`;
    expect(proxy.asked.map((address) => address.split('?')[0])).toEqual([`${base}/events`, `${base}/channels`]);
  });

  test("may lead through a proxy's tunnel", async () => {
    const proxy = await startProxy();
    const agent = new TunnelAgent(proxy.port, certificate);
    onTestFinished(() => agent.destroy());
    const { provider, push, backend } = await start({ tls: true, options: { agent } });
    await push.send({ channels: 'a', data: 1 });
    await backend.terminateUserConnections('a/b');
    expect(provider.received).toHaveLength(1);
    expect(provider.terminated).toEqual(['a/b']);
    expect(proxy.asked).toEqual([`127.0.0.1:${provider.server.port}`]);
  });
});
