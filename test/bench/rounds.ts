import type { Form } from './benchmark.ts';

/** Rounds of which the median counts. */
const ROUNDS: Readonly<Record<Form, number>> = { full: 5, quick: 3 };

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
