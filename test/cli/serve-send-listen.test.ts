import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { runCommandLine } from '../../src/cli/command-line.js';
import { clientSettings } from '../../src/cli/server-settings.js';
import { startPusherProvider } from '../providers/pusher-provider.js';
import { temporaryFolder } from '../recording/services-with-store.js';
import { RecordingTerminal } from './recording-terminal.js';

const terminals: RecordingTerminal[] = [];

afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.end();
  vi.unstubAllEnvs();
});

function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const terminal = new RecordingTerminal(environment);
  terminals.push(terminal);
  return { terminal, done: runCommandLine(args, terminal) };
}

/** A server that confirms every subscription, until it ends all connections. */
async function startEndingServer() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    const established = JSON.stringify({ socket_id: '1.1', activity_timeout: 120 });
    socket.send(JSON.stringify({ event: 'pusher:connection_established', data: established }));
    socket.on('message', (text) => {
      const { data } = JSON.parse(String(text)) as { data: { channel: string } };
      const confirmed = { event: 'pusher_internal:subscription_succeeded', channel: data.channel, data: '{}' };
      socket.send(JSON.stringify(confirmed));
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    end(code: number, reason: string): void {
      for (const socket of server.clients) socket.close(code, reason);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a DSN of the embedded server', () => {
  it.each<[string, string, object]>([
    ['means its process', 'port=6002', { backend: 'remote', options: { port: 6002 } }],
    [
      'means its process also where a relay joins it to others',
      'port=6002&relay=redis://redis.internal',
      { backend: 'remote', options: { port: 6002 } },
    ],
    [
      'means all that its relay joins, where it is to serve nobody',
      'relay=redis://redis.internal&serve=false',
      { backend: 'websocket', options: { relay: 'redis://redis.internal', serve: false } },
    ],
  ])('%s', (_what, query, settings) => {
    const made = clientSettings(`websocket://key:secret@1?${query}`, new RecordingTerminal());
    expect(made).toMatchObject({ ...settings, appId: '1', messages: false });
  });
});

describe('pushrail serve, listen and send', () => {
  it('deliver from one process to another with the DSN that serve prints', async () => {
    const server = run(['serve', '--port', '0']);
    const [, dsn = ''] = await server.terminal.seen(/export PUSH_SERVER="([^"]+)"/);
    const environment = { PUSH_SERVER: dsn };
    const listener = run(['listen', 'orders', 'private-orders', '--count', '2'], environment);
    await listener.terminal.seen(/Listening to orders, private-orders on http:\/\/127/);

    const sent = run(['send', 'orders', '--event', 'order.shipped', '--data', '{"id":42}'], environment);
    expect(await sent.done).toEqual({ exitCode: 0 });
    expect(sent.terminal.printed).toEqual([
      expect.stringMatching(/^accepted by http:\/\/127\.0\.0\.1:\d+ for orders in \d+ ms \(.{36}\)$/),
    ]);
    expect(await run(['send', 'private-orders', '--data', '"x"'], environment).done).toEqual({ exitCode: 0 });

    expect(await listener.done).toEqual({ exitCode: 0 });
    expect(listener.terminal.printed).toEqual(['orders  order.shipped  {"id":42}', 'private-orders  push-event  "x"']);
    server.terminal.end();
    expect(await server.done).toEqual({ exitCode: 0 });
  });

  it('leave the message store alone that the environment names: it is of the application', async () => {
    const file = join(temporaryFolder(), 'push.db');
    vi.stubEnv('PUSH_MESSAGES', `sqlite:${file}`);
    const server = run(['serve', '--port', '0']);
    const [, dsn = ''] = await server.terminal.seen(/export PUSH_SERVER="([^"]+)"/);
    const listener = run(['listen', 'orders', '--count', '1', '--json'], { PUSH_SERVER: dsn });
    await listener.terminal.seen(/Listening to orders/);
    expect(await run(['send', 'orders', '--data', '1'], { PUSH_SERVER: dsn }).done).toEqual({ exitCode: 0 });
    expect(await listener.done).toEqual({ exitCode: 0 });
    server.terminal.end();
    await server.done;
    expect(existsSync(file)).toBe(false);
  });

  it('keep to the limits in the DSN at both ends', async () => {
    const limited = 'websocket://key:secret@1?port=0&host=127.0.0.1&maxChannelNameLength=300';
    const server = run(['serve'], { PUSH_SERVER: limited });
    const [, port = ''] = await server.terminal.seen(/127\.0\.0\.1:(\d+)/);
    const environment = { PUSH_SERVER: limited.replace('port=0', `port=${port}`) };
    const channel = 'x'.repeat(300);
    expect(await run(['send', channel, '--data', '1'], environment).done).toEqual({ exitCode: 0 });
    expect((await run(['send', `${channel}x`, '--data', '1'], environment).done).exitCode).not.toBe(0);
  });

  it('send through Pusher where the environment names it, to users by their sign-in', async () => {
    const provider = await startPusherProvider();
    const { appId, pubKey, secretKey } = provider.settings;
    const environment = {
      PUSHER_URL: `${provider.server.origin.replace('//', `//${pubKey}:${secretKey}@`)}/apps/${appId}`,
    };
    expect(await run(['send', 'orders', '--data', '1'], environment).done).toEqual({ exitCode: 0 });
    expect(await run(['send', '--user', 'ann'], environment).done).toEqual({ exitCode: 0 });
    expect(provider.received.map(({ channel }) => channel)).toEqual(['orders', '#server-to-user-ann']);
    await provider.close();
  });

  it('prints messages as JSON when asked', async () => {
    const server = run(['serve', '--port', '0']);
    const [, dsn = ''] = await server.terminal.seen(/export PUSH_SERVER="([^"]+)"/);
    const listener = run(['listen', 'orders', '--json', '--count', '1', '--server', dsn]);
    await listener.terminal.seen(/Listening to orders/);
    await run(['send', 'orders', '--data', '[1]', '--server', dsn]).done;
    await listener.done;
    expect(JSON.parse(listener.terminal.printed.join())).toMatchObject({
      channel: 'orders',
      event: 'push-event',
      data: [1],
    });
  });

  it('serves the keys of the DSN, without printing them', async () => {
    const server = run(['serve', '--port', '0'], { PUSH_SERVER: 'websocket://key:keep-this-secret@app' });
    await server.terminal.seen(/Listening on 127\.0\.0\.1:\d+/);
    server.terminal.end();
    expect(await server.done).toEqual({ exitCode: 0 });
    expect(server.terminal.printed.join('\n')).not.toContain('keep-this-secret');
  });

  it('serves figures and its health, and says where', async () => {
    const server = run(['serve', '--port', '0', '--metrics-port', '0']);
    const [, port] = await server.terminal.seen(/Listening on 127\.0\.0\.1:(\d+)/);
    const [, figures] = await server.terminal.seen(/Figures for Prometheus are at (127\.0\.0\.1:\d+\/metrics)\./);
    expect(await (await fetch(`http://${figures}`)).text()).toContain('\npushrail_connections 0\n');
    expect((await fetch(`http://127.0.0.1:${port}/up`)).status).toBe(200);
    server.terminal.end();
    expect(await server.done).toEqual({ exitCode: 0 });
  });

  it('says that the host for figures needs a port', async () => {
    const server = run(['serve', '--port', '0', '--metrics-host', '0.0.0.0']);
    expect(await server.done).toEqual({ exitCode: 2 });
    expect(server.terminal.complaints).toEqual([expect.stringContaining('"metricsHost" needs "metricsPort"')]);
  });

  it('joins no servers by an address that names no Redis, and does not show it', async () => {
    const server = run(['serve', '--port', '0', '--relay', 'oracle://root:hunter-two@db']);
    expect(await server.done).toEqual({ exitCode: 2 });
    expect(server.terminal.complaints).toEqual([
      expect.stringMatching(/^error: .*"relay" must be .*"redis:\/\/USER:PASSWORD@HOST:PORT".*, found a string\.$/),
    ]);
    expect(server.terminal.complaints.join()).not.toContain('hunter-two');
  });

  it('does not serve by settings that say it is not to', async () => {
    const PUSH_SERVER = 'websocket://key:secret@1?relay=redis://127.0.0.1&serve=false';
    const server = run(['serve'], { PUSH_SERVER });
    expect(await server.done).toEqual({ exitCode: 2 });
    expect(server.terminal.complaints).toEqual([expect.stringContaining('"serve: false" excludes "port"')]);
  });

  it('says in one line that the port is taken', async () => {
    const server = run(['serve', '--port', '0']);
    const [, port = ''] = await server.terminal.seen(/Listening on 127\.0\.0\.1:(\d+)/);
    const other = run(['serve', '--port', port]);
    expect(await other.done).toEqual({ exitCode: 1 });
    expect(other.terminal.complaints).toEqual([expect.stringMatching(/^error: .* cannot listen on .*another program/)]);
    expect(other.terminal.printed).toEqual([]);
  });

  it('says when the server ends a subscription for good', async () => {
    await using server = await startEndingServer();
    const listener = run(['listen', 'orders', '--server', `websocket://key:secret@app?port=${server.port}`]);
    await listener.terminal.seen(/Listening to orders/);
    server.end(4003, 'the application is disabled');
    await listener.terminal.seen(/^error: .*a subscription has ended: .*4003: the application is disabled\.$/m);
    listener.terminal.end();
    expect(await listener.done).toEqual({ exitCode: 0 });
  });

  it('fail with exit code 1 where no server answers', async () => {
    const server = run(['serve', '--port', '0']);
    const [, dsn = ''] = await server.terminal.seen(/export PUSH_SERVER="([^"]+)"/);
    server.terminal.end();
    await server.done;
    const sent = run(['send', 'orders', '--server', `${dsn}&retries=0`]);
    expect(await sent.done).toEqual({ exitCode: 1 });
    expect(sent.terminal.complaints).toEqual([
      expect.stringMatching(/^rejected by http:\/\/127\.0\.0\.1:\d+ for orders: .*ECONNREFUSED/),
    ]);
  });

  it('refuse a signature by another key with exit code 1', async () => {
    const server = run(['serve', '--port', '0']);
    const [, dsn = ''] = await server.terminal.seen(/export PUSH_SERVER="([^"]+)"/);
    const sent = run(['send', 'orders', '--server', dsn.replace(/:[0-9a-f]{32}@/, ':wrong-secret@')]);
    expect(await sent.done).toEqual({ exitCode: 1 });
    expect(sent.terminal.complaints.join('\n')).not.toContain('wrong-secret');
  });

  it('print to the console backend', async () => {
    const sent = run(['send', '--user', 'ann', '--server', 'console:']);
    expect(await sent.done).toEqual({ exitCode: 0 });
    expect(sent.terminal.printed).toEqual([expect.stringMatching(/^accepted by console for ann /)]);
  });
});
