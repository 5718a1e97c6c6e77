import type { Benchmark, Form, Progress, Result, Target } from './benchmark.ts';
import { Child } from './child.ts';
import type { SinkCommands } from './processes/http-sink.ts';
import type { PusherCommands } from './processes/pusher-sender.ts';
import type { BackendKind, SenderCommands } from './processes/pushrail-sender.ts';
import type { SocketIoSenderCommands } from './processes/socketio-sender.ts';
import { compared, inTurns } from './rounds.ts';
import { summary } from './statistics.ts';

const SENDS = { full: 20_000, quick: 4000 };
/** Sends to the embedded server: fewer would be measured before V8 has compiled all of it. */
const EMBEDDED_SENDS = { full: 50_000, quick: 20_000 };
const TRIGGERS = { full: 2000, quick: 400 };
/** Channels sent to in one measurement of linearity, however many go into one `send`. */
const CHANNELS_IN_ALL = { full: 200_000, quick: 100_000 };

async function compareWithPusher(pushrail: Child<SenderCommands>, progress: Progress, form: Form): Promise<Result> {
  await using sink = new Child<SinkCommands>('http-sink');
  await using pusher = new Child<PusherCommands>('pusher-sender');
  await pusher.ask('connect', await sink.ask('listen'));
  const figures = await inTurns(form, {
    send: () => pushrail.ask('secondsPerSend', SENDS[form], 'single'),
    trigger: () => pusher.ask('secondsPerTrigger', TRIGGERS[form]),
  });
  for (const [name, values] of Object.entries(figures))
    progress(`${name}: ${summary(values.map(inMicroseconds))} µs of CPU each`);
  return compared('one send over a backend that does nothing', {
    unit: 'µs',
    scale: 1e6,
    ours: figures.send,
    peer: figures.trigger,
    peerName: 'one trigger of the pusher package',
    target: { atMost: 0.1 },
  });
}

/** In a process of its own, because an application has one backend, and V8 makes slower code for several. */
async function embedded(progress: Progress, form: Form): Promise<Result> {
  await using pushrail = new Child<SenderCommands>('pushrail-sender');
  await using socketIo = new Child<SocketIoSenderCommands>('socketio-sender');
  const figures = await inTurns(form, {
    send: () => pushrail.ask('secondsPerSend', EMBEDDED_SENDS[form], 'embedded'),
    emit: () => socketIo.ask('secondsPerEmit', EMBEDDED_SENDS[form]),
  });
  const [ours, peer] = [figures.send.map(inMicroseconds), figures.emit.map(inMicroseconds)];
  progress(`one send to the embedded server: ${summary(ours)} µs of CPU`);
  return {
    what: 'one send to a channel of the embedded server that nobody is on',
    rounds: ours,
    unit: 'µs',
    measured: { unit: 'µs', ours, peer, peerName: 'socket.io: emit to such a room' },
    target: { atMost: 4.5 },
  };
}

/** What one of many takes, in one call, to a call for each. */
async function together(pushrail: Child<SenderCommands>, progress: Progress, form: Form): Promise<Result[]> {
  const figures = await inTurns(form, {
    alone: () => pushrail.ask('secondsPerSend', SENDS[form], 'single'),
    message: () => pushrail.ask('secondsPerMessage', 10_000, SENDS[form] / 2000),
    user: () => pushrail.ask('secondsPerUser', 10_000, SENDS[form] / 1000),
  });
  for (const [name, values] of Object.entries(figures))
    progress(`${name}: ${summary(values.map(inMicroseconds))} µs of CPU each`);
  const shared = { unit: 'µs', scale: 1e6, peer: figures.alone, peerName: 'one send to one channel' };
  return [
    compared('a message of 10 000 in one sendMany', { ...shared, ours: figures.message }),
    compared('a user of 10 000 in one send, sessions in memory', { ...shared, ours: figures.user }),
  ];
}

async function linearity(
  pushrail: Child<SenderCommands>,
  kind: BackendKind,
  progress: Progress,
  form: Form,
): Promise<Result[]> {
  const name = kind === 'single' ? 'one channel a request' : 'all channels in one request';
  const perChannel = (channels: number): Promise<number> =>
    pushrail.ask('secondsPerChannel', channels, CHANNELS_IN_ALL[form] / channels, kind);
  const figures = await inTurns(form, {
    thousand: () => perChannel(1000),
    tenThousand: () => perChannel(10_000),
    hundredThousand: () => perChannel(100_000),
  });
  const sizes = [
    ['1 000', figures.thousand],
    ['10 000', figures.tenThousand],
    ['100 000', figures.hundredThousand],
  ] as const;
  for (const [size, values] of sizes)
    progress(`${name}, ${size} channels: ${summary(values.map(inMicroseconds))} µs of CPU a channel`);
  const toOneOfThousand = (size: string, ours: readonly number[], target?: Target): Result =>
    compared(`a channel of ${size} in one send; ${name}`, {
      unit: 'µs',
      scale: 1e6,
      ours,
      peer: figures.thousand,
      peerName: 'of 1 000',
      target,
    });
  return [
    toOneOfThousand('10 000', figures.tenThousand),
    toOneOfThousand('100 000', figures.hundredThousand, { atMost: 1.5 }),
  ];
}

function inMicroseconds(seconds: number): number {
  return seconds * 1e6;
}

async function run(progress: Progress, form: Form): Promise<Result[]> {
  await using pushrail = new Child<SenderCommands>('pushrail-sender');
  return [
    await compareWithPusher(pushrail, progress, form),
    await embedded(progress, form),
    ...(await together(pushrail, progress, form)),
    ...(await linearity(pushrail, 'single', progress, form)),
    ...(await linearity(pushrail, 'batch', progress, form)),
  ];
}

export const sendCpu: Benchmark = {
  name: 'send-cpu',
  question: 'What does a send cost the process that sends?',
  about: () => 'CPU time of the sender; unless a line says otherwise, over a backend that does nothing',
  run,
};
