import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkOptions } from '../../src/server/checked-options.js';
import { Client } from './support/client.js';
import { RawClient } from './support/raw-client.js';
import { record, startServer } from './support/server.js';

const limits = { messagesPerSecond: 10, maxChannelsPerConnection: 1 };
/** 5 × 10 + 2 × 1. */
const atOnce = 52;

beforeEach(() => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(5000);
  onTestFinished(() => now.mockRestore());
});

function later(seconds: number): void {
  vi.mocked(performance.now).mockReturnValue(5000 + seconds * 1000);
}

/** The texts of the errors that a client has got until the server answers its next ping. */
async function errors(client: Client): Promise<readonly unknown[]> {
  return (await client.settled()).map((message) => client.dataOf(message)['message']);
}

describe('a connection that sends too many messages', () => {
  it('is told so once, and is cut with 4100 when it goes on', async () => {
    const service = await startServer(limits);
    const { logged } = record(service);
    const [client, other] = await Promise.all([Client.connect(service), Client.connect(service)]);
    for (let count = 0; count < atOnce + 10; count++) client.send('unknown', {});
    client.send('unknown', {});
    expect(await client.closed).toMatchObject({ code: 4100 });
    const texts = client.received.map((message) => client.dataOf(message)['message']);
    expect(texts.filter((text) => text === 'Unknown event: unknown').length).toBe(atOnce);
    expect(texts.slice(atOnce)).toEqual([
      expect.stringContaining('10 messages'),
      expect.stringContaining('10 messages'),
    ]);
    expect(client.received.at(-1)).toMatchObject({ event: 'pusher:error', data: { code: 4100 } });
    expect(await other.settled()).toEqual([]);
    expect(logged.map(({ level, details }) => [level, details])).toEqual([
      ['warn', expect.objectContaining({ socketId: client.socketId, messagesPerSecond: 10 })],
    ]);
  });

  it('is heard again as soon as it has paused, and is told again when it does not', async () => {
    const service = await startServer(limits);
    const client = await Client.connect(service);
    for (let count = 0; count < atOnce + 1; count++) client.send('unknown', {});
    expect((await client.next('pusher:error')).event).toBe('pusher:error');
    await expect.poll(() => client.received.length).toBe(atOnce);
    client.received.length = 0;
    later(2);
    expect(await errors(client)).toEqual([]);
    for (let count = 0; count < 20; count++) client.send('unknown', {});
    await expect.poll(() => client.received.length).toBe(19);
    expect(client.dataOf(client.received.at(-1) ?? { event: '' })['message']).toContain('10 messages');
    expect(service.api.localConnections).toBe(1);
  });

  it('is cut for ping frames and pong frames too', async () => {
    for (const kind of ['ping', 'pong'] as const) {
      const service = await startServer(limits);
      const client = await Client.connect(service);
      for (let count = 0; count < atOnce + 11; count++) client.socket[kind]();
      expect(await client.closed).toMatchObject({ code: 4100 });
    }
  });

  it('is read no more, leaves the counts at once, and ends also when it does not go', async () => {
    const service = await startServer({ ...limits, closeTimeoutMs: 60_000 });
    const raw = await RawClient.connect(service);
    const text = JSON.stringify({ event: 'pusher:ping' });
    for (let count = 0; count < atOnce + 11; count++) raw.writeText(text);
    expect(await raw.closeCode()).toBe(4100);
    expect(service.api.localConnections).toBe(0);
    for (let count = 0; count < 1000; count++) raw.writeText(text);
    await raw.ended;
  });
});

describe('a connection that sends too many bytes', () => {
  it('is told so, and is cut with 4100 when it goes on', async () => {
    const service = await startServer({ bytesPerSecond: 10_000 });
    const client = await Client.connect(service);
    const send = (): void => client.send('unknown', 'x'.repeat(10_000));
    for (let count = 0; count < 4; count++) send();
    expect(await errors(client)).toEqual(Array.from({ length: 4 }, () => 'Unknown event: unknown'));
    for (let count = 0; count < 3; count++) send();
    expect(await client.closed).toMatchObject({ code: 4100 });
    expect(client.received.map((message) => client.dataOf(message)['message'])).toEqual([
      'Unknown event: unknown',
      expect.stringContaining('10000 bytes a second: this message was ignored'),
      expect.stringContaining('10000 bytes a second'),
    ]);
  });

  it('may send one message of any size that a message may have', async () => {
    const service = await startServer({ bytesPerSecond: 1000 });
    const client = await Client.connect(service);
    client.send('unknown', 'x'.repeat(60_000));
    await client.next('pusher:error');
    later(60);
    expect(await errors(client)).toEqual([]);
  });
});

it('the defaults follow from what a client may do', () => {
  expect(checkOptions({})).toMatchObject({ messagesPerSecond: 120, bytesPerSecond: 262_144 });
  expect(checkOptions({ clientEventsPerSecond: 100, maxEventBytes: 20_000 })).toMatchObject({
    messagesPerSecond: 480,
    bytesPerSecond: 4_000_000,
  });
  expect(checkOptions({ messagesPerSecond: 5, bytesPerSecond: 6 })).toMatchObject({
    messagesPerSecond: 5,
    bytesPerSecond: 6,
  });
});

describe('a message in pieces', () => {
  const piece = (opcode: number, isLast = false): Buffer =>
    Buffer.from([opcode | (isLast ? 0x80 : 0), 0x81, 0, 0, 0, 0, 0x20]);

  it('is taken with up to 128 fragments, and closes the connection with 1008 with more', async () => {
    const service = await startServer();
    const raw = await RawClient.connect(service);
    raw.write(Buffer.concat([piece(1), ...Array.from({ length: 126 }, () => piece(0)), piece(0, true)]));
    await raw.until((text) => text.includes('not JSON'));
    raw.write(Buffer.concat([piece(1), ...Array.from({ length: 128 }, () => piece(0))]));
    expect(await raw.closeCode()).toBe(1008);
  });

  it('may have more of them when a message may be larger', async () => {
    const service = await startServer({ maxMessageBytes: 1_048_576 });
    const raw = await RawClient.connect(service);
    raw.write(Buffer.concat([piece(1), ...Array.from({ length: 2046 }, () => piece(0)), piece(0, true)]));
    await raw.until((text) => text.includes('not JSON'));
  });
});
