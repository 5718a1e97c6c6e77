import { createServer, request as forward, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuthenticationError, createPushService, DeliveryError } from '../../../src/index.js';
import { redirectTo, stalledBody } from '../../providers/faults.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const password = 'hunter2-hunter2';
const unknownId = '00000000-0000-4000-8000-000000000000';

/** Passes on what comes for an `http:` address. */
function plainProxy(asked: string[]): Server {
  return createServer((incoming, outgoing) => {
    asked.push(incoming.url ?? '');
    const { method = 'GET', headers } = incoming;
    const onward = forward(incoming.url ?? '', { method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
}

/** Tunnels to an `https:` address. */
function tunnel(asked: string[]): Server {
  return createServer().on('connect', (incoming, socket) => {
    asked.push(incoming.url ?? '');
    const [host = '', port = ''] = (incoming.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
}

/** Puts a proxy into the environment, where the SDK looks for it. */
async function startProxy(name: 'HTTP_PROXY' | 'HTTPS_PROXY', make: (asked: string[]) => Server): Promise<string[]> {
  const asked: string[] = [];
  const server = make(asked);
  const tunnels = new Set<{ destroy(): unknown }>();
  server.on('connect', (_incoming, socket) => tunnels.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv(name, `http://user:${password}@127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('NO_PROXY', '');
  vi.stubEnv('no_proxy', '');
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    for (const socket of tunnels) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return asked;
}

describe('through a proxy in the environment', () => {
  it('a message goes to its recipients with the right authorisation', async () => {
    const { push, provider } = await start(onTestFinished);
    const asked = await startProxy('HTTP_PROXY', plainProxy);
    expect(await push.send({ users: 'ann', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(asked).toEqual([`${provider.server.origin}/notifications`]);
    expect(provider.server.requests[0]?.headers.authorization).toMatch(/^Key os_v2_/);
  });

  it('a message goes over TLS in a tunnel, whose proxy gets no key to see', async () => {
    const { provider } = await start(onTestFinished, { provider: { tls: true } });
    // By its name: the SDK's tunnel asks for TLS by the host's name, and from Node 26 on that must not be an address.
    const apiRoot = `https://localhost:${provider.server.port}`;
    const push = createPushService({
      ...provider.settings,
      retries: 0,
      options: { ...provider.settings.options, apiRoot },
    });
    onTestFinished(() => push.close());
    const asked = await startProxy('HTTPS_PROXY', tunnel);
    // The SDK's tunnel takes no certificate, and not the agent's either.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const warning = vi.spyOn(process, 'emitWarning').mockReturnValue();
    onTestFinished(() => warning.mockRestore());
    expect(await push.send({ users: 'ann', data: 1 })).toMatchObject({ status: 'accepted' });
    expect(asked).toEqual([`localhost:${provider.server.port}`]);
    expect(provider.server.requests[0]?.headers.authorization).toMatch(/^Key os_v2_/);
  });

  it('a redirect to another host is not followed, and a stalled body ends in time', async () => {
    const { push, service, provider } = await start(onTestFinished, { options: { requestTimeoutMs: 100 } });
    const asked = await startProxy('HTTP_PROXY', plainProxy);
    provider.server.faults.push(redirectTo('http://elsewhere.example/'), stalledBody);
    const failure = await failureOf(DeliveryError, push.send({ users: 'ann', data: 1 }));
    expect(failure.message).toContain('http://elsewhere.example, and pushrail does not follow redirects');
    await expect(service.viewNotification(unknownId)).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(asked).toHaveLength(2);
  });

  it('a tunnel that never opens ends in time, and a proxy that refuses shows no password', async () => {
    const { service } = await start(onTestFinished, {
      provider: { tls: true },
      options: { requestTimeoutMs: 100 },
    });
    await startProxy('HTTPS_PROXY', () => createServer().on('connect', () => {}));
    await expect(service.viewNotification(unknownId)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await startProxy('HTTPS_PROXY', () =>
      createServer().on('connect', (_incoming, socket) => socket.end('HTTP/1.1 407 No\r\n\r\n')),
    );
    const failure = await failureOf(AuthenticationError, service.viewNotification(unknownId));
    expect(failure).toMatchObject({
      status: 407,
      cause: { message: expect.stringContaining('statusCode=407') },
    });
    expect(everythingShown(failure)).not.toContain(password);
    expect(everythingShown(failure)).not.toContain(Buffer.from(`user:${password}`).toString('base64'));
  });
});
