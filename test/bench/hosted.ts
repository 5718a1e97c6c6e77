import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { LATENCY_MS, type Line, openLine, quotients, timed } from './hosted-line.ts';
import { inTurns } from './rounds.ts';
import { grouped, summary } from './statistics.ts';

/** Requests in flight at once, for all contestants. */
const CONCURRENCY = 10;
/** Recipients of one notification with OneSignal. */
const RECIPIENTS = 20_000;
/** Users of one `send`. */
const USERS = 100_000;
/** Rounds of what takes long. */
const FEW_ROUNDS = { rounds: { full: 3, quick: 1 }, warmUp: false };

interface Sizes {
  /** Channels of one `send` with Pusher. */
  readonly channels: number;
  /** One trigger a channel takes a minute for all of them; each takes as long as the one before. */
  readonly triggers: number;
  readonly messages: number;
  readonly sends: number;
  /** Channels or messages of each backend while connections are counted. */
  readonly whileCounting: number;
}

const SIZES: Readonly<Record<Form, Sizes>> = {
  full: {
    channels: 10_000,
    triggers: 500,
    messages: 1000,
    sends: 50,
    whileCounting: 2000,
  },
  quick: {
    channels: 4000,
    triggers: 100,
    messages: 500,
    sends: 20,
    whileCounting: 500,
  },
};

async function pusherChannels(line: Line): Promise<Result[]> {
  const { channels, triggers } = SIZES[line.form];
  const fast = await inTurns(line.form, {
    send: () => timed(line, 'pusherChannels', channels, channels / 100),
    byHand: () => timed(line, 'pusherByHand', channels, channels / 100),
  });
  const slow = await inTurns(
    line.form,
    {
      send: () => timed(line, 'pusherChannels', channels, channels / 100),
      triggers: () => timed(line, 'pusherTriggers', triggers, triggers),
    },
    FEW_ROUNDS,
  );
  return [
    {
      what: `pusher: ${grouped(channels)} channels, speed to a trigger for each channel`,
      rounds: quotients(slow.triggers, slow.send, 'seconds').map((ratio) => ratio * (channels / triggers)),
      target: { atLeast: 20 },
    },
    {
      what: `pusher: ${grouped(channels)} channels, speed to the best use of the SDK by hand`,
      rounds: quotients(fast.byHand, fast.send, 'seconds'),
      target: { atLeast: 0.95 },
    },
    {
      what: `pusher: ${grouped(channels)} channels, CPU time to the best use of the SDK by hand`,
      rounds: quotients(fast.send, fast.byHand, 'cpuSeconds'),
    },
  ];
}

async function pusherMessages(line: Line): Promise<Result[]> {
  const { messages } = SIZES[line.form];
  const requests = messages / 10;
  const figures = await inTurns(line.form, {
    sendMany: () => timed(line, 'pusherMessages', messages, requests),
    twice: () => timed(line, 'pusherTwice', messages, requests),
    byHand: () => timed(line, 'pusherBatches', messages, requests),
  });
  const one = await inTurns(
    line.form,
    {
      sendMany: () => timed(line, 'pusherOneChannel', messages, requests),
      byHand: () => timed(line, 'pusherBatchesInTurn', messages, requests),
    },
    FEW_ROUNDS,
  );
  const what = `pusher: ${grouped(messages)} messages in ${requests} requests`;
  return [
    {
      what: `${what}, speed to triggerBatch by hand`,
      rounds: quotients(figures.byHand, figures.sendMany, 'seconds'),
      target: { atLeast: 0.95 },
    },
    {
      what: `${what}, CPU time to triggerBatch by hand`,
      rounds: quotients(figures.sendMany, figures.byHand, 'cpuSeconds'),
    },
    {
      what: `${what}, in order, two for each channel, speed to triggerBatch by hand without order`,
      rounds: quotients(figures.byHand, figures.twice, 'seconds'),
      target: { atLeast: 0.9 },
    },
    {
      what: `${what}, in order, all for one channel, speed to triggerBatch by hand, one after the other`,
      rounds: quotients(one.byHand, one.sendMany, 'seconds'),
      target: { atLeast: 0.95 },
    },
    {
      what: `${what}, time of all for one channel to that of all for different ones`,
      rounds: quotients(one.sendMany, figures.sendMany.slice(0, one.sendMany.length), 'seconds'),
    },
  ];
}

async function oneSend(line: Line): Promise<Result> {
  const { sends } = SIZES[line.form];
  const figures = await inTurns(line.form, {
    send: () => timed(line, 'oneSend', sends, sends),
    trigger: () => timed(line, 'oneTrigger', sends, sends),
  });
  return {
    what: 'pusher: time of one send to one channel, to a pooled trigger',
    rounds: quotients(figures.send, figures.trigger, 'seconds'),
    target: { atMost: 1.05 },
  };
}

async function onesignalRecipients(line: Line): Promise<Result> {
  const { seconds } = await timed(line, 'onesignalRecipients', RECIPIENTS, 1);
  return { what: `onesignal: ${grouped(RECIPIENTS)} recipients in one request`, rounds: [seconds], unit: 's' };
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
  const rounds = await inTurns(form, { send: () => line.sender.ask('sendToUsers', USERS) }, FEW_ROUNDS);
  const many = `${grouped(USERS)} users`;
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
  about: () => `hosted backends over TLS, ${LATENCY_MS} ms away`,
  run,
};
