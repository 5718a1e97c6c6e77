import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { LATENCY_MS, type Line, openLine, timed } from './hosted-line.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Requests in flight at once, for all contestants. */
const CONCURRENCY = 10;
/** Recipients of one notification with OneSignal. */
const RECIPIENTS = 20_000;
/** Rounds of what takes long. */
const FEW_ROUNDS = { rounds: { full: 3, quick: 1 }, warmUp: false };

interface Sizes {
  /** Channels of one `send` with Pusher. */
  readonly channels: number;
  /** One trigger a channel takes a minute for all of them; each takes as long as the one before. */
  readonly triggers: number;
  readonly messages: number;
  readonly sends: number;
  /** Users of one `send`. */
  readonly users: number;
  /** Channels or messages of each backend while connections are counted. */
  readonly whileCounting: number;
}

const SIZES: Readonly<Record<Form, Sizes>> = {
  full: {
    channels: 10_000,
    triggers: 500,
    messages: 1000,
    sends: 50,
    users: 100_000,
    whileCounting: 2000,
  },
  quick: {
    channels: 4000,
    triggers: 100,
    messages: 500,
    sends: 20,
    users: 20_000,
    whileCounting: 500,
  },
};

/** Seconds of one contestant. */
async function seconds(...parameters: Parameters<typeof timed>): Promise<number> {
  return (await timed(...parameters)).seconds;
}

/** How much faster we are, from the seconds of both. */
function speed(
  what: string,
  ours: readonly number[],
  peerName: string,
  peer: readonly number[],
  least: number,
): Result {
  return compared(`${what}: speed`, { unit: 's', ours, peer, peerName, ratio: 'speed', target: { atLeast: least } });
}

async function pusherChannels(line: Line): Promise<Result[]> {
  const { channels, triggers } = SIZES[line.form];
  const fast = await inTurns(line.form, {
    send: () => seconds(line, 'pusherChannels', channels, channels / 100),
    byHand: () => seconds(line, 'pusherByHand', channels, channels / 100),
  });
  const slow = await inTurns(
    line.form,
    {
      send: () => seconds(line, 'pusherChannels', channels, channels / 100),
      triggers: async () => (await seconds(line, 'pusherTriggers', triggers, triggers)) * (channels / triggers),
    },
    FEW_ROUNDS,
  );
  const what = `pusher: ${grouped(channels)} channels`;
  return [
    speed(what, slow.send, 'a trigger for each', slow.triggers, 20),
    speed(what, fast.send, 'the SDK by hand', fast.byHand, 0.95),
  ];
}

async function pusherMessages(line: Line): Promise<Result[]> {
  const { messages } = SIZES[line.form];
  const requests = messages / 10;
  const figures = await inTurns(line.form, {
    sendMany: () => seconds(line, 'pusherMessages', messages, requests),
    twice: () => seconds(line, 'pusherTwice', messages, requests),
    byHand: () => seconds(line, 'pusherBatches', messages, requests),
  });
  const one = await inTurns(
    line.form,
    {
      sendMany: () => seconds(line, 'pusherOneChannel', messages, requests),
      byHand: () => seconds(line, 'pusherBatchesInTurn', messages, requests),
    },
    FEW_ROUNDS,
  );
  const what = `pusher: ${grouped(messages)} messages in ${requests} requests`;
  const oneChannel = `${what}, all for one channel, in order`;
  return [
    speed(what, figures.sendMany, 'triggerBatch by hand', figures.byHand, 0.95),
    speed(`${what}, two a channel, in order`, figures.twice, 'triggerBatch without order', figures.byHand, 0.9),
    speed(oneChannel, one.sendMany, 'triggerBatch in turn', one.byHand, 0.95),
    compared(`${oneChannel}: time`, {
      unit: 's',
      ours: one.sendMany,
      peer: figures.sendMany.slice(0, one.sendMany.length),
      peerName: 'a channel each',
    }),
  ];
}

async function oneSend(line: Line): Promise<Result> {
  const { sends } = SIZES[line.form];
  const figures = await inTurns(line.form, {
    send: () => seconds(line, 'oneSend', sends, sends),
    trigger: () => seconds(line, 'oneTrigger', sends, sends),
  });
  return compared(`pusher: ${sends} sends to one channel, one after the other: time`, {
    unit: 's',
    ours: figures.send,
    peer: figures.trigger,
    peerName: 'pooled triggers',
    target: { atMost: 1.05 },
  });
}

async function onesignalRecipients(line: Line): Promise<Result> {
  const taken = await seconds(line, 'onesignalRecipients', RECIPIENTS, 1);
  return { what: `onesignal: ${grouped(RECIPIENTS)} recipients in one request`, rounds: [taken], unit: 's' };
}

/** Of an application that does nothing else, as the connections of all contestants are counted together. */
async function connections(progress: Progress, form: Form): Promise<Result> {
  await using line = await openLine(progress, form);
  const rounds: number[] = [];
  for (const contestant of ['pusherChannels', 'pusherMessages', 'pubnubChannels', 'onesignalRecipients'] as const) {
    await line.sink.ask('counted');
    await line.sender.ask('measured', contestant, SIZES[form].whileCounting);
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

async function manyUsers(progress: Progress, form: Form): Promise<Result[]> {
  await using line = await openLine(progress, form);
  const { users } = SIZES[form];
  const rounds = await inTurns(form, { send: () => line.sender.ask('sendToUsers', users) }, FEW_ROUNDS);
  const many = `${grouped(users)} users`;
  const peak = rounds.send.map(({ peakBytes }) => peakBytes);
  const blocked = rounds.send.map(({ blockedMs }) => blockedMs);
  progress(`${many}: ${summary(peak)} B a channel, event loop blocked for ${summary(blocked)} ms`);
  return [
    { what: `${many}: memory at its peak, for a channel`, rounds: peak, unit: 'B', target: { atMost: 1000 } },
    { what: `${many}: longest block of the event loop`, rounds: blocked, unit: 'ms', target: { atMost: 50 } },
  ];
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  await using line = await openLine(progress, form);
  return [
    ...(await pusherChannels(line)),
    ...(await pusherMessages(line)),
    await oneSend(line),
    await connections(progress, form),
    await onesignalRecipients(line),
    ...(await manyUsers(progress, form)),
  ];
}

export const hosted: Benchmark = {
  name: 'hosted',
  question: 'How fast are many messages with Pusher, PubNub and OneSignal?',
  about: () => `hosted backends over TLS, ${LATENCY_MS} ms away`,
  run,
};
