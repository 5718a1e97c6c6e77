import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { firstDelivery } from '../../src/cli/demo/command.js';
import { DemoServer } from '../../src/cli/demo/demo-server.js';
import { JsClientClass } from '../server/support/js-client.js';
import { RecordingTerminal } from './recording-terminal.js';

async function listening(): Promise<DemoServer> {
  const demo = new DemoServer();
  await demo.listen(0, { orElseAnyPort: false });
  return demo;
}

function post(url: string, body: unknown, type = 'application/json'): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) });
}

describe('pushrail demo', () => {
  it('ends with --once after a real client has received the first event', async () => {
    const terminal = new RecordingTerminal();
    expect(await runCommandLine(['demo', '--once'], terminal)).toEqual({ exitCode: 0 });
    expect(terminal.printed).toEqual([
      expect.stringMatching(/^Open http:\/\/localhost:\d+\/ in two windows/),
      expect.stringMatching(/^First delivery: .* arrived at a pusher-js client in \d+\.\d ms\.$/),
    ]);
  });

  it('goes on until it is stopped', async () => {
    const terminal = new RecordingTerminal();
    const done = runCommandLine(['demo'], terminal);
    const [, url = ''] = await terminal.seen(/Open (\S+) in[\s\S]*Stop with Ctrl-C/);
    expect((await fetch(url)).status).toBe(200);
    terminal.end();
    expect(await done).toEqual({ exitCode: 0 });
  });

  it('says when the port it was told to use is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const terminal = new RecordingTerminal();
    expect(await runCommandLine(['demo', '--port', String(port)], terminal)).toEqual({ exitCode: 1 });
    expect(terminal.complaints).toEqual([
      `error: Port ${port} cannot be used (EADDRINUSE): choose another with --port.`,
    ]);
    other.close();
  });

  it('notices when nothing arrives', async () => {
    await using demo = await listening();
    const { service, port } = demo;
    const elsewhere = {
      service,
      port,
      logIn: async () => ({ channelId: 'nobody-sends-here' }),
      logOut: async () => {},
    };
    expect(await firstDelivery(elsewhere, { Pusher: JsClientClass, patienceMs: 200 })).toBeUndefined();
  });

  it('gives a page its configuration and no secret, and sends to users and channels', async () => {
    await using demo = await listening();
    const config = (await (await post(`${demo.url}login`, { user: 'ann' })).json()) as Record<string, unknown>;
    expect(config).toEqual({
      backend: 'websocket',
      userId: 'ann',
      key: expect.any(String),
      channels: [expect.any(String)],
    });
    const send = async (to: string): Promise<unknown> =>
      (await post(`${demo.url}send`, { to, text: "It's here" })).json();
    expect(await send('ann')).toEqual({
      status: 'accepted',
      channels: 1,
      code: expect.stringMatching(
        /^const report = await PushService\.send\(\{\n {2}event: 'demo\.message',\n {2}users: 'ann',/,
      ),
      report: expect.stringMatching(/status: 'accepted',[\s\S]*durationMs: \d+(\.\d)?\n\}$/),
    });
    expect(await send('ben')).toMatchObject({
      status: 'unreachable',
      channels: 0,
      report: expect.stringContaining("unreachable: [ 'ben' ]"),
    });
    expect(await send('news')).toMatchObject({ status: 'accepted', channels: 1 });
    await post(`${demo.url}logout`, { user: 'ann', channelId: (config['channels'] as string[])[0] });
    expect(await send('ann')).toMatchObject({ status: 'unreachable' });
  });

  it('answers wrong requests with an error', async () => {
    await using demo = await listening();
    expect((await fetch(`${demo.url}nowhere`)).status).toBe(404);
    expect((await post(`${demo.url}login`, { user: 'eve' })).status).toBe(400);
    expect((await post(`${demo.url}login`, { user: 'ann' }, 'text/plain')).status).toBe(415);
    expect((await post(`${demo.url}send`, { to: 'no such channel', text: 'Hi' })).status).toBe(400);
    expect((await post(`${demo.url}send`, {})).status).toBe(400);
  });
});
