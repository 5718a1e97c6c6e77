import { createServer, type ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import Pusher from 'pusher';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WireEvent } from '../../../src/pusher-protocol/webhooks.js';
import { ServerCounters } from '../../../src/server/metrics/counters.js';
import { takes } from '../../../src/server/webhooks/filter.js';
import { MemorySource } from '../../../src/server/webhooks/memory-source.js';
import type { WebSocketWebhook } from '../../../src/server/webhooks/options.js';
import { WebhookReport } from '../../../src/server/webhooks/report.js';
import { WebhookSender } from '../../../src/server/webhooks/sender.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { failing, hanging, resetting, stalling, taken, WebhookReceiver } from '../support/webhook-receiver.js';

const keys = { pubKey: 'key', secretKey: 'the-secret' };
const BATCH_MS = 100;

let receiver: WebhookReceiver;
let logger: RecordingLogger;

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
  logger = new RecordingLogger();
  // Requests go over real sockets, at their own time.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.spyOn(Math, 'random').mockReturnValue(1);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A sender whose events are in memory. */
class MemorySender extends WebhookSender {
  readonly #source: MemorySource;

  constructor(webhook: WebSocketWebhook) {
    let time = 1000;
    const report = new WebhookReport(webhook, { counters: new ServerCounters(), logger: () => logger });
    const limits = { webhookBatchMs: BATCH_MS, webhookBatchEvents: 3, nextTime: () => ++time };
    const source = new MemorySource(limits, report);
    super(webhook, keys, source, limits, report);
    this.#source = source;
  }

  add(event: WireEvent): void {
    this.#source.add(event);
    this.schedule();
  }
}

function senderTo({ url = receiver.url, ...rest }: Partial<WebSocketWebhook> = {}): MemorySender {
  const sender = new MemorySender({ url, ...rest });
  onTestFinished(async () => {
    vi.useRealTimers();
    await sender.close(1);
  });
  return sender;
}

function occupied(channel: string): WireEvent {
  return { name: 'channel_occupied', channel };
}

function add(sender: MemorySender, ...channels: readonly string[]): void {
  for (const channel of channels) sender.add(occupied(channel));
}

/** The channels of each webhook that came in. */
function batches(): readonly string[][] {
  return receiver.received.map(({ events }) => events.map(({ channel }) => channel));
}

/**
 * Lets the clock run by steps, and the sockets at each of them, until something holds. Returns how long that took, in
 * milliseconds.
 */
async function runUntil(holds: () => boolean, stepMs = 0): Promise<number> {
  for (let step = 0; step < 100_000; step++) {
    if (holds()) return step * stepMs;
    await vi.advanceTimersByTimeAsync(stepMs);
    for (let turn = 0; turn < 5; turn++) await setImmediate();
  }
  throw new Error(`It did not come true: ${holds}`);
}

/** Lets the sockets run, until nothing can come of what is under way. */
async function settle(): Promise<void> {
  let turns = 0;
  await runUntil(() => ++turns > 200);
}

describe('events that come together', () => {
  it('are sent in one webhook, after the time for that', async () => {
    const sender = senderTo();
    add(sender, 'a');
    await vi.advanceTimersByTimeAsync(BATCH_MS - 1);
    add(sender, 'b');
    await settle();
    expect(batches()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await runUntil(() => receiver.received.length > 0);
    expect(batches()).toEqual([['a', 'b']]);
  });

  it('are sent at once when there are enough, and the rest with those that follow', async () => {
    const sender = senderTo();
    add(sender, 'a', 'b', 'c', 'd');
    await runUntil(() => receiver.received.length > 0);
    await settle();
    expect(batches()).toEqual([['a', 'b', 'c']]);
    add(sender, 'e');
    await vi.advanceTimersByTimeAsync(BATCH_MS);
    await runUntil(() => receiver.received.length > 1);
    expect(batches()).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });

  it('each webhook has a later time than the one before', async () => {
    const sender = senderTo();
    add(sender, ...'aaaaaaaaa');
    await runUntil(() => receiver.received.length === 3);
    expect(receiver.received.map(({ time }) => time)).toEqual([1001, 1002, 1003]);
    expect(new Set(receiver.received.map(({ rawBody }) => rawBody)).size).toBe(3);
  });
});

describe('a webhook', () => {
  it('is posted with the body, the headers and the signature that the package pusher takes', async () => {
    const sender = senderTo({
      url: `${receiver.url}?token=1`,
      headers: { Authorization: 'Bearer x', 'content-type': 'text/plain', 'X-PUSHER-SIGNATURE': 'forged' },
    });
    sender.add({
      name: 'client_event',
      channel: 'private-世界',
      event: 'client-x',
      data: '"\ud800"',
      socket_id: '1.2',
    });
    await vi.advanceTimersByTimeAsync(BATCH_MS);
    await runUntil(() => receiver.received.length > 0);
    const [webhook] = receiver.received;
    expect(webhook).toMatchObject({ method: 'POST', url: '/webhook?token=1' });
    expect(webhook?.headers).toMatchObject({ authorization: 'Bearer x', 'content-type': 'application/json' });
    const sdk = new Pusher({ appId: '1', key: keys.pubKey, secret: keys.secretKey, cluster: 'eu' });
    const read = sdk.webhook(webhook as unknown as Pusher.WebHookRequest);
    expect([read.isValid(), read.getTime().getTime(), read.getEvents()]).toEqual([true, 1001, webhook?.events]);
  });

  it.each([
    [{}, ['a', 'presence-a', 'private-b']],
    [{ events: ['channel_occupied', 'member_added'] }, ['a', 'presence-a', 'private-b']],
    [{ events: ['member_added'] }, []],
    [{ channelPrefixes: ['presence-', 'private-'] }, ['presence-a', 'private-b']],
    [{ channelPrefixes: ['presence-'], events: ['channel_vacated'] }, []],
    [{ exceptChannelPrefixes: ['presence-', 'b'] }, ['a', 'private-b']],
    [{ channelPrefixes: ['presence-', 'private-'], exceptChannelPrefixes: ['private-b'] }, ['presence-a']],
  ] satisfies [Partial<WebSocketWebhook>, readonly string[]][])('takes what it asks for: %j', (filter, expected) => {
    const channels = ['a', 'presence-a', 'private-b'];
    expect(channels.filter((channel) => takes({ url: receiver.url, ...filter }, occupied(channel)))).toEqual(expected);
  });
});

describe('a webhook that is not taken is sent again, to the byte', () => {
  it.each([
    ['answered with 500', failing],
    ['answered with 404', (response) => response.writeHead(404).end()],
    ['reset', resetting],
    ['redirected', (response) => response.writeHead(307, { location: '/elsewhere' }).end()],
    ['moved', (response) => response.writeHead(301, { location: '/elsewhere' }).end()],
  ] satisfies [string, typeof failing][])('when it is %s', async (_what, answer) => {
    receiver.next.push(answer);
    const sender = senderTo();
    add(sender, 'a', 'b', 'c', 'd', 'e', 'f');
    await runUntil(() => receiver.received.length === 1);
    await settle();
    expect(receiver.received).toHaveLength(1);
    await runUntil(() => receiver.received.length === 3, 100);
    expect(batches()).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ]);
    const [first, second] = receiver.received;
    expect([second?.rawBody, second?.url]).toEqual([first?.rawBody, '/webhook']);
    expect(second?.headers['x-pusher-signature']).toBe(first?.headers['x-pusher-signature']);
    expect(logger.entries.map(({ level, text }) => [level, text])).toEqual([
      ['info', 'websocket: a webhook was not accepted and will be sent again'],
    ]);
  });

  it('when nobody listens, until someone does', async () => {
    const { port } = receiver;
    receiver.stop();
    const sender = senderTo({ url: `http://127.0.0.1:${port}/webhook` });
    add(sender, 'a', 'b', 'c');
    await runUntil(() => logger.entries.length > 0, 1);
    expect(logger.entries[0]?.details).toMatchObject({ reason: 'it could not be reached: ECONNREFUSED' });
    receiver = await WebhookReceiver.start(port);
    await runUntil(() => receiver.received.length > 0, 100);
    expect(batches()).toEqual([['a', 'b', 'c']]);
  });

  it('when it is not answered within 10 s', async () => {
    receiver.next.push(hanging);
    const sender = senderTo();
    add(sender, 'a', 'b', 'c');
    await runUntil(() => receiver.received.length === 1);
    await vi.advanceTimersByTimeAsync(9_999);
    await settle();
    expect(logger.entries).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await runUntil(() => receiver.received.length === 2, 100);
    expect(logger.entries[0]?.details).toMatchObject({ reason: 'it did not answer within 10 s' });
  });

  it('after waits that double from half a second to half a minute', async () => {
    receiver.answer = failing;
    const sender = senderTo();
    add(sender, 'a', 'b', 'c');
    await runUntil(() => receiver.received.length === 1);
    const waits = [];
    for (let count = 2; count <= 9; count++) {
      await settle();
      waits.push(await runUntil(() => receiver.received.length === count, 500));
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });
});

it('an answer whose body never ends is an answer', async () => {
  receiver.next.push(stalling);
  const sender = senderTo();
  add(sender, 'a', 'b', 'c', 'd', 'e', 'f');
  await runUntil(() => receiver.received.length === 2);
  expect(batches()).toEqual([
    ['a', 'b', 'c'],
    ['d', 'e', 'f'],
  ]);
});

describe('a webhook that is not taken for 5 minutes', () => {
  it('is dropped with one warning, which shows no query; what comes later is sent', async () => {
    receiver.answer = failing;
    const sender = senderTo({ url: `${receiver.url}?token=hidden` });
    add(sender, 'a', 'b', 'c', 'old');
    const ranMs = await runUntil(() => logger.entries.some(({ level }) => level === 'warn'), 1_000);
    expect(ranMs).toBeGreaterThan(270_000);
    expect(ranMs).toBeLessThanOrEqual(300_000);
    receiver.answer = taken;
    receiver.received.length = 0;
    await vi.advanceTimersByTimeAsync(30_000);
    add(sender, 'new');
    await runUntil(() => batches().flat().includes('new'), BATCH_MS);
    await settle();
    expect(batches().flat()).not.toContain('a');
    expect(logger.entries.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        text: 'websocket: events of a webhook were dropped',
        details: { url: receiver.url, events: 3, reason: 'it answered 500' },
      },
    ]);
    expect(logger.entries.at(-1)).toMatchObject({
      level: 'info',
      text: 'websocket: a webhook is taken again, some of whose events were dropped',
    });
  });

  it('drops what has waited behind it for longer than that by then, and keeps what is younger', async () => {
    receiver.answer = failing;
    const sender = senderTo();
    add(sender, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
    await runUntil(() => batches().some(([first]) => first === 'd'), 1_000);
    add(sender, 'young');
    await runUntil(() => batches().some(([first]) => first !== 'a' && first !== 'd'), 1_000);
    receiver.answer = taken;
    await runUntil(() => logger.entries.at(-1)?.text.includes('taken again') ?? false, 1_000);
    expect(new Set(batches().flat())).toEqual(new Set(['a', 'b', 'c', 'd', 'e', 'f', 'young']));
    expect(logger.entries.at(-1)?.details).toEqual({ url: receiver.url, dropped: 9 });
  });
});

it('when too many events wait, the oldest are dropped, with one warning', async () => {
  receiver.answer = hanging;
  const sender = senderTo();
  add(sender, 'a', 'b', 'c');
  await runUntil(() => receiver.received.length === 1);
  add(sender, ...Array.from({ length: 10_002 }, (_, index) => `channel-${index}`));
  expect(logger.entries).toEqual([
    {
      level: 'warn',
      text: 'websocket: events of a webhook were dropped',
      details: { url: receiver.url, events: 1, reason: 'too many of them wait to be sent' },
    },
  ]);
});

describe('closing', () => {
  it('sends what waits, at once, and nothing that comes later', async () => {
    const sender = senderTo();
    add(sender, 'a', 'b', 'c', 'd');
    await sender.close(5_000);
    expect(batches()).toEqual([['a', 'b', 'c'], ['d']]);
    add(sender, 'late', 'later', 'latest');
    await vi.advanceTimersByTimeAsync(60_000);
    await settle();
    expect([batches().length, logger.entries]).toEqual([2, []]);
  });

  it('sends again at once what waits to be sent again', async () => {
    receiver.next.push(failing);
    const sender = senderTo();
    add(sender, 'a', 'b', 'c');
    await runUntil(() => logger.entries.length > 0);
    await sender.close(5_000);
    expect(batches()).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
  });

  it('goes on sending what is not taken, soon each time, however long it was not taken before', async () => {
    receiver.answer = failing;
    const sender = senderTo();
    add(sender, 'a', 'b', 'c');
    await runUntil(() => receiver.received.length === 7, 100);
    await settle();
    const closing = sender.close(5_000);
    await runUntil(() => receiver.received.length === 8);
    await settle();
    receiver.answer = taken;
    expect(await runUntil(() => receiver.received.length === 9, 100)).toBe(500);
    await closing;
    expect(logger.entries.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('sends again soon what fails only then', async () => {
    const answers: ServerResponse[] = [];
    receiver.answer = failing;
    const sender = senderTo();
    add(sender, 'a', 'b', 'c');
    await runUntil(() => receiver.received.length === 6, 100);
    receiver.answer = (response) => answers.push(response);
    await runUntil(() => answers.length === 1, 100);
    const closing = sender.close(5_000);
    receiver.answer = taken;
    answers[0]?.writeHead(503).end();
    await settle();
    await runUntil(() => receiver.received.length === 8, 100);
    await closing;
    expect(logger.entries.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it.each([
    ['hangs', hanging],
    ['fails', failing],
  ])('ends in its time when the receiver %s, and tells what was lost', async (_what, answer) => {
    receiver.answer = answer;
    const sender = senderTo();
    add(sender, 'a', 'b', 'c', 'd');
    let isClosed = false;
    const closing = sender.close(5_000).then(() => {
      isClosed = true;
    });
    await runUntil(() => receiver.received.length > 0);
    // In steps, so that what fails gets its turns.
    for (let passedMs = 0; passedMs < 4_900; passedMs += 100) {
      await vi.advanceTimersByTimeAsync(100);
      await runUntil(() => true);
    }
    await vi.advanceTimersByTimeAsync(99);
    await settle();
    expect(isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await runUntil(() => isClosed);
    await closing;
    expect(logger.entries.filter(({ level }) => level === 'warn')).toMatchObject([
      { details: { events: 4, reason: 'the server was closed' } },
    ]);
    const { length } = receiver.received;
    await vi.advanceTimersByTimeAsync(60_000);
    await settle();
    expect(receiver.received).toHaveLength(length);
  });

  it('when nothing was ever sent, ends at once', async () => {
    await senderTo().close(5_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a port that fetch refuses to use is a reason like any other', async () => {
  const sender = senderTo({ url: 'http://127.0.0.1:6000/' });
  add(sender, 'a', 'b', 'c');
  await runUntil(() => logger.entries.length > 0, 1);
  expect(logger.entries[0]?.details).toMatchObject({ reason: 'it could not be reached: bad port' });
});

it('a receiver that speaks no HTTP is a reason like any other', async () => {
  const server = createServer();
  server.on('connection', (socket) => socket.end('nonsense'));
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  add(senderTo({ url: `http://127.0.0.1:${port}/` }), 'a', 'b', 'c');
  await runUntil(() => logger.entries.length > 0, 1);
  expect(logger.entries[0]?.details).toMatchObject({ reason: expect.stringMatching(/^it could not be reached: /) });
});
