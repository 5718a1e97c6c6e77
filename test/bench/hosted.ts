import { fileURLToPath } from 'node:url';
import type { Benchmark, Progress, Result } from './benchmark.ts';
import { Child } from './child.ts';
import type { Contestant } from './processes/hosted-contestants.ts';
import type { HostedSenderCommands } from './processes/hosted-sender.ts';
import type { HostedSinkCommands } from './processes/hosted-sink.ts';
import { inTurns } from './rounds.ts';
import { ratios, summary } from './statistics.ts';

/** Latency that is added to the line, there and back, in milliseconds. */
const LATENCY_MS = 20;
/** Requests in flight at once, for all contestants. */
const CONCURRENCY = 10;
/** Rounds of what takes long. */
const FEW_ROUNDS = { rounds: 3, warmUp: false };

interface Line {
  readonly sender: Child<HostedSenderCommands>;
  readonly sink: Child<HostedSinkCommands>;
  readonly progress: Progress;
}

/** Seconds of one contestant; `expected` requests must have come in, and never more connections than are allowed. */
async function timed(line: Line, contestant: Contestant, count: number, expected?: number): Promise<number> {
  await line.sink.ask('counted');
  const seconds = await line.sender.ask('seconds', contestant, count);
  const { requests, mostConnections } = await line.sink.ask('counted');
  line.progress(
    `${contestant}, ${count}: ${seconds.toFixed(2)} s, ${requests} requests, ${mostConnections} connections at most`,
  );
  if (expected === undefined) return seconds;
  if (requests !== expected) throw new Error(`${contestant} made ${requests} requests instead of ${expected}.`);
  return seconds;
}

async function pusherChannels(line: Line): Promise<Result[]> {
  const CHANNELS = 10_000;
  // One trigger a channel takes a minute for all of them; each takes as long as the one before.
  const TRIGGERS = 500;
  const quick = await inTurns({
    send: () => timed(line, 'pusherChannels', CHANNELS, CHANNELS / 100),
    byHand: () => timed(line, 'pusherByHand', CHANNELS, CHANNELS / 100),
  });
  const slow = await inTurns(
    {
      send: () => timed(line, 'pusherChannels', CHANNELS, CHANNELS / 100),
      triggers: async () => (await timed(line, 'pusherTriggers', TRIGGERS, TRIGGERS)) * (CHANNELS / TRIGGERS),
    },
    FEW_ROUNDS,
  );
  return [
    {
      what: 'pusher: 10 000 channels, speed to a trigger for each channel',
      rounds: ratios(slow.triggers, slow.send),
      target: { atLeast: 20 },
    },
    {
      what: 'pusher: 10 000 channels, speed to the best use of the SDK by hand',
      rounds: ratios(quick.byHand, quick.send),
      target: { atLeast: 0.95 },
    },
  ];
}

async function pusherMessages(line: Line): Promise<Result> {
  const MESSAGES = 1000;
  const figures = await inTurns({
    sendMany: () => timed(line, 'pusherMessages', MESSAGES, MESSAGES / 10),
    byHand: () => timed(line, 'pusherBatches', MESSAGES, MESSAGES / 10),
  });
  return {
    what: 'pusher: 1 000 messages in 100 requests, speed to triggerBatch by hand',
    rounds: ratios(figures.byHand, figures.sendMany),
  };
}

async function oneSend(line: Line): Promise<Result> {
  const SENDS = 50;
  const figures = await inTurns({
    send: () => timed(line, 'oneSend', SENDS, SENDS),
    trigger: () => timed(line, 'oneTrigger', SENDS, SENDS),
  });
  return {
    what: 'pusher: time of one send to one channel, to a pooled trigger',
    rounds: ratios(figures.send, figures.trigger),
    target: { atMost: 1.05 },
  };
}

async function pubnubChannels(line: Line): Promise<Result[]> {
  const CHANNELS = 10_000;
  const SOME = 1000;
  const figures = await inTurns(
    {
      send: () => timed(line, 'pubnubChannels', CHANNELS, CHANNELS),
      send11: () => timed(line, 'pubnub11Channels', CHANNELS, CHANNELS),
      publishes: async () => (await timed(line, 'pubnubPublishes', SOME, SOME)) * (CHANNELS / SOME),
      publishes11: async () => (await timed(line, 'pubnub11Publishes', SOME, SOME)) * (CHANNELS / SOME),
    },
    FEW_ROUNDS,
  );
  return [
    {
      what: 'pubnub: 10 000 channels, speed to the SDK 12 with its defaults',
      rounds: ratios(figures.publishes, figures.send),
      target: { atLeast: 3 },
    },
    {
      what: 'pubnub: 10 000 channels, speed to the SDK 11 with its defaults',
      rounds: ratios(figures.publishes11, figures.send11),
      target: { atLeast: 3 },
    },
  ];
}

async function onesignalRecipients(line: Line): Promise<Result> {
  const seconds = await timed(line, 'onesignalRecipients', 20_000, 1);
  return { what: 'onesignal: 20 000 recipients in one request', rounds: [seconds], unit: 's' };
}

/** Of an application that does nothing else, as the connections of all contestants are counted together. */
async function connections(progress: Progress): Promise<Result> {
  await using line = await openLine(progress);
  const rounds: number[] = [];
  for (const contestant of ['pusherChannels', 'pusherMessages', 'pubnubChannels', 'onesignalRecipients'] as const) {
    await line.sink.ask('counted');
    await line.sender.ask('seconds', contestant, 2000);
    const { mostConnections } = await line.sink.ask('counted', true);
    progress(`${contestant}: ${mostConnections} connections at most`);
    rounds.push(mostConnections);
  }
  return {
    what: `connections of each backend with ${CONCURRENCY} requests at once`,
    rounds,
    unit: 'sockets',
    target: { atMost: CONCURRENCY },
  };
}

async function users(progress: Progress): Promise<Result[]> {
  await using line = await openLine(progress);
  const USERS = 100_000;
  const rounds = await inTurns({ send: () => line.sender.ask('sendToUsers', USERS) }, FEW_ROUNDS);
  const peak = rounds.send.map(({ peakBytes }) => peakBytes);
  const blocked = rounds.send.map(({ blockedMs }) => blockedMs);
  progress(`100 000 users: ${summary(peak)} B a channel, event loop blocked for ${summary(blocked)} ms`);
  return [
    { what: '100 000 users: memory at its peak, for a channel', rounds: peak, unit: 'B', target: { atMost: 1000 } },
    { what: '100 000 users: longest block of the event loop', rounds: blocked, unit: 'ms', target: { atMost: 50 } },
  ];
}

async function openLine(progress: Progress): Promise<Line & AsyncDisposable> {
  const sink = new Child<HostedSinkCommands>('hosted-sink');
  const sender = new Child<HostedSenderCommands>('hosted-sender', ['--expose-gc', '--no-deprecation']);
  await sender.ask('connect', await sink.ask('listen', LATENCY_MS / 2));
  const close = async (): Promise<void> => {
    await sender[Symbol.asyncDispose]();
    await sink[Symbol.asyncDispose]();
  };
  return { sender, sink, progress, [Symbol.asyncDispose]: close };
}

async function run(progress: Progress): Promise<Result[]> {
  process.env['NODE_EXTRA_CA_CERTS'] = fileURLToPath(new URL('../support/tls/localhost-cert.pem', import.meta.url));
  await using line = await openLine(progress);
  return [
    ...(await pusherChannels(line)),
    await pusherMessages(line),
    await oneSend(line),
    await connections(progress),
    ...(await pubnubChannels(line)),
    await onesignalRecipients(line),
    ...(await users(progress)),
  ];
}

export const hosted: Benchmark = { name: 'hosted', about: `hosted backends over TLS, ${LATENCY_MS} ms away`, run };
