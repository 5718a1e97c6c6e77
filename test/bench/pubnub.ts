import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { LATENCY_MS, openLine, timed } from './hosted-line.ts';
import type { SendingFigures } from './processes/hosted-sender.ts';
import { compared, inTurns } from './rounds.ts';
import { grouped, ratios } from './statistics.ts';

interface Sizes {
  /** Channels of one `send`, and publishes of a loop over connections that are kept. */
  readonly channels: number;
  /** Publishes with a connection each, which take three times as long. */
  readonly publishes: number;
}

const SIZES: Readonly<Record<Form, Sizes>> = {
  full: { channels: 2000, publishes: 400 },
  quick: { channels: 300, publishes: 60 },
};
const ROUNDS = { rounds: { full: 4, quick: 1 } };

async function run(progress: Progress, form: Form): Promise<Result[]> {
  await using line = await openLine(progress, form);
  const { channels, publishes } = SIZES[form];
  const figures = await inTurns(
    form,
    {
      send: () => timed(line, 'pubnubChannels', channels, channels),
      byHand: () => timed(line, 'pubnubByHand', channels, channels),
      defaults: () => timed(line, 'pubnubPublishes', publishes, publishes),
      send11: () => timed(line, 'pubnub11Channels', channels, channels),
      defaults11: () => timed(line, 'pubnub11Publishes', publishes, publishes),
    },
    ROUNDS,
  );
  /** What a publish takes, in seconds or seconds of CPU time. */
  const each = (all: readonly SendingFigures[], count: number, figure: keyof SendingFigures = 'seconds'): number[] =>
    all.map((one) => one[figure] / count);
  const ours = each(figures.send, channels);
  const defaults = { peer: each(figures.defaults, publishes), peerName: 'the SDK with its defaults' };
  const loop = { peer: each(figures.byHand, channels), peerName: 'a bare loop over as many kept connections' };
  const speed = { unit: 'ms', scale: 1000, ratio: 'speed' } as const;
  return [
    compared('SDK 12: a publish', { ...speed, ours, ...defaults, target: { atLeast: 2.7 } }),
    compared('SDK 12: a publish', { ...speed, ours, ...loop, target: { atLeast: 0.9 } }),
    { what: 'SDK 12: speed of that loop to the SDK with its defaults', rounds: ratios(defaults.peer, loop.peer) },
    compared('SDK 12: CPU time of a publish', {
      unit: 'µs',
      scale: 1e6,
      ours: each(figures.send, channels, 'cpuSeconds'),
      peer: each(figures.byHand, channels, 'cpuSeconds'),
      peerName: 'the bare loop',
    }),
    compared('SDK 11: a publish', {
      ...speed,
      ours: each(figures.send11, channels),
      peer: each(figures.defaults11, publishes),
      peerName: 'the SDK with its defaults',
      target: { atLeast: 3 },
    }),
  ];
}

/** A send to many channels of PubNub, which takes a publish for each. */
export const pubnub: Benchmark = {
  name: 'pubnub',
  question: 'How fast is PubNub?',
  about: (form) => `a send to ${grouped(SIZES[form].channels)} channels over TLS, ${LATENCY_MS} ms away`,
  run,
};
