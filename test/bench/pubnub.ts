import type { Benchmark, Form, Progress, Result } from './benchmark.ts';
import { LATENCY_MS, openLine, quotients, timed } from './hosted-line.ts';
import { inTurns } from './rounds.ts';
import { grouped } from './statistics.ts';

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
  const scaled = (ratios: readonly number[]): number[] => ratios.map((ratio) => ratio * (channels / publishes));
  return [
    {
      what: 'SDK 12: speed of a send to the SDK with its defaults',
      rounds: scaled(quotients(figures.defaults, figures.send, 'seconds')),
      target: { atLeast: 2.7 },
    },
    {
      what: 'SDK 12: the same of a bare loop over as many connections that are kept, the bound',
      rounds: scaled(quotients(figures.defaults, figures.byHand, 'seconds')),
    },
    {
      what: 'SDK 12: speed of a send to that loop',
      rounds: quotients(figures.byHand, figures.send, 'seconds'),
      target: { atLeast: 0.9 },
    },
    {
      what: 'SDK 12: CPU time of a send to that loop',
      rounds: quotients(figures.send, figures.byHand, 'cpuSeconds'),
    },
    {
      what: 'SDK 12: CPU time of a publish in that loop',
      rounds: figures.byHand.map(({ cpuSeconds }) => (cpuSeconds / channels) * 1e6),
      unit: 'µs',
    },
    {
      what: 'SDK 11: speed of a send to the SDK with its defaults',
      rounds: scaled(quotients(figures.defaults11, figures.send11, 'seconds')),
      target: { atLeast: 3 },
    },
  ];
}

/** A send to many channels of PubNub, which takes a publish for each. */
export const pubnub: Benchmark = {
  name: 'pubnub',
  question: 'How fast is PubNub?',
  about: (form) => `a send to ${grouped(SIZES[form].channels)} channels over TLS, ${LATENCY_MS} ms away`,
  run,
};
