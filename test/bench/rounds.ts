import type { Form, Measured, Result, Target } from './benchmark.ts';
import { ratios } from './statistics.ts';

/** Rounds of which the median counts. */
const ROUNDS: Readonly<Record<Form, number>> = { full: 5, quick: 2 };

/**
 * Measures contestants in turns, A B C A B C …, so that what else the machine does hits all alike.
 * @param warmUp whether each is measured once before, without counting it
 * @returns for each contestant the figure of every round
 */
export async function inTurns<Name extends string, Figure>(
  form: Form,
  contestants: Readonly<Record<Name, () => Promise<Figure>>>,
  { rounds = ROUNDS, warmUp = true }: { rounds?: Readonly<Record<Form, number>>; warmUp?: boolean } = {},
): Promise<Record<Name, Figure[]>> {
  const names = Object.keys(contestants) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Figure[]>;
  for (let round = warmUp ? -1 : 0; round < rounds[form]; round++) {
    for (const name of names) {
      const figure = await contestants[name]();
      if (round >= 0) figures[name].push(figure);
    }
  }
  return figures;
}

/** What `compared` makes a line of. */
export interface Comparison extends Measured {
  /** The unit of the figures as they were measured, in units of the table: 1e6 makes microseconds of seconds. @default 1 */
  readonly scale?: number;
  /** `speed`: theirs by ours, for times of which the smaller one is the faster. @default 'ours to theirs' */
  readonly ratio?: 'ours to theirs' | 'speed';
  readonly target?: Target | undefined;
  readonly point?: Result['point'];
}

/** A line of the table: our figure, the peer's figure, and their ratio in each round. */
export function compared(
  what: string,
  { unit, ours, peer, peerName, scale = 1, ratio = 'ours to theirs', target, point }: Comparison,
): Result {
  const scaled = (figures: readonly number[]): number[] => figures.map((figure) => figure * scale);
  return {
    what,
    rounds: ratio === 'speed' ? ratios(peer, ours) : ratios(ours, peer),
    measured: { unit, ours: scaled(ours), peer: scaled(peer), peerName },
    ...(target && { target }),
    ...(point && { point }),
  };
}
