import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FailoverService } from '../../../src/backends/composite/failover.js';
import { type WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import { type AnyBackend, ConfigurationError, createPushService, PushService, type Relay } from '../../../src/index.js';
import { resetPushService } from '../../../src/testing/index.js';
import { credentials, record } from '../../server/support/server.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { listenInTest } from '../../support/test-server.js';

function build(options: WebSocketOptions = {}): WebSocketService {
  return new WebSocketService({ ...credentials, options });
}

/** A service on a backend, and the warnings that it has given. */
function serviceOn(backend: AnyBackend): { push: PushService; warnings: () => string[] } {
  const logger = new RecordingLogger();
  const push = createPushService({ backend, logger });
  onTestFinished(() => push.close());
  return { push, warnings: () => logger.entries.flatMap(({ level, text }) => (level === 'warn' ? [text] : [])) };
}

const warning =
  'no page can connect to the websocket backend, so nobody hears what it sends: attach it to the server of the application, backend.attach(server), or set "port" in its options. Where the server runs in another process, publish to it with the backend "remote"';

describe('a server that no page can connect to', () => {
  it.each<[string, (push: PushService) => Promise<unknown>]>([
    ['a send', (push) => push.send({ channels: 'news', data: 1 })],
    ['a send to several channels', (push) => push.send({ channels: ['news', 'orders'], data: 1 })],
    ['a sendMany', (push) => push.sendMany(['news', 'orders'].map((channels, data) => ({ channels, data })))],
    ['the configuration of a page', (push) => push.clientConfig()],
  ])('is warned of once, at the first of several calls: %s', async (_what, call) => {
    const { push, warnings } = serviceOn(build());
    await push.ready();
    expect(warnings()).toEqual([]);
    for (const _ of [1, 2, 3]) await call(push);
    expect(warnings()).toEqual([warning]);
  });

  it('is warned of within a composite, too', async () => {
    const backends = [build(), build({ port: 0, host: '127.0.0.1' })];
    const { push, warnings } = serviceOn(new FailoverService({ options: { backends } }));
    await push.send({ channels: 'news', data: 1 });
    expect(warnings()).toEqual([warning]);
  });

  it('is one with an address for pages alone, because an address makes no server', async () => {
    const { push, warnings } = serviceOn(build({ publicUrl: 'wss://push.example.com' }));
    await push.send({ channels: 'news', data: 1 });
    expect(warnings()).toEqual([warning]);
  });

  it('is warned of anew when it was closed and opened again', async () => {
    const backend = build();
    for (const _ of [1, 2]) {
      const { push, warnings } = serviceOn(backend);
      await push.send({ channels: 'news', data: 1 });
      expect(warnings()).toEqual([warning]);
      await push.close();
    }
  });

  it('gives no warning while this process itself hears all that is sent', async () => {
    const { push, warnings } = serviceOn(build());
    await push.subscribe('news');
    await push.send({ channels: 'news', data: 1 });
    expect(warnings()).toEqual([]);
    await push.send({ channels: ['news', 'orders'], data: 1 });
    expect(warnings()).toEqual([warning]);
  });
});

describe('no warning is given', () => {
  it('with a port', async () => {
    const { push, warnings } = serviceOn(build({ port: 0, host: '127.0.0.1' }));
    await push.send({ channels: 'news', data: 1 });
    await push.clientConfig();
    expect(warnings()).toEqual([]);
  });

  it('when it is attached before the first send, though later than it was opened', async () => {
    const backend = build();
    const { push, warnings } = serviceOn(backend);
    await push.ready();
    backend.attach(createServer());
    await push.send({ channels: 'news', data: 1 });
    await push.clientConfig();
    expect(warnings()).toEqual([]);
  });
});

describe('with a relay', () => {
  const relay: Relay = { name: 'paper', connect: () => Promise.reject(new Error('there is nobody')) };

  it('a node that no page can connect to is warned of once, in other words: the others have pages', () => {
    const backend = build({ relay });
    const { logged } = record(backend);
    for (const _ of [1, 2]) backend.clientConfig();
    expect(logged).toEqual([
      {
        level: 'warn',
        details: {},
        text: 'no page can connect to this node of the websocket backend: attach it to the server of the application, backend.attach(server), or set "port" in its options; or set "serve: false" where it only publishes to the other nodes',
      },
    ]);
  });

  it('a process that is to serve nobody gives no warning, and cannot be attached to a server', () => {
    const backend = build({ relay, serve: false });
    const { logged } = record(backend);
    expect(backend.clientConfig()).toEqual({ key: credentials.pubKey });
    const server = createServer();
    expect(() => backend.attach(server)).toThrow(
      new ConfigurationError(
        'The websocket backend has the option "serve: false", so it cannot be attached to a server: leave the option out where clients are to connect.',
        { backend: 'websocket' },
      ),
    );
    expect([logged, backend.address, server.listenerCount('upgrade')]).toEqual([[], undefined, 0]);
  });

  it('a page that such a process answers is told the address of the others', () => {
    const backend = build({ relay, serve: false, publicUrl: 'wss://push.example.com' });
    expect(backend.clientConfig()).toEqual({
      key: credentials.pubKey,
      host: 'push.example.com',
      port: 443,
      useTLS: true,
    });
  });
});

describe('a process beside the one with the server', () => {
  it('hears that nobody hears it, with the DSN of the web application', async () => {
    await resetPushService();
    vi.stubEnv('PUSH_SERVER', 'websocket://k:s@shop');
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    onTestFinished(() => {
      vi.unstubAllEnvs();
      warn.mockRestore();
    });
    await PushService.send({ channels: 'news', data: 1 });
    await PushService.send({ channels: 'news', data: 2 });
    await resetPushService();
    expect(warn.mock.calls).toEqual([[`pushrail: ${warning}`]]);
  });

  it('hears what to do when its DSN has the port of the web application', async () => {
    const port = await listenInTest(createServer());
    const { push } = serviceOn(build({ port, host: '127.0.0.1' }));
    await expect(push.send({ channels: 'news', data: 1 })).rejects.toThrow(
      /another program listens there already.*If it is the server that you mean to send to, take the backend "remote"\./,
    );
  });
});
