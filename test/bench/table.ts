import { styleText } from 'node:util';
import type { Form, Result, Target } from './benchmark.ts';
import { digits, median } from './statistics.ts';

export const HEAD = ['', 'pushrail', 'peer', 'ratio', 'rounds', 'target'] as const;

/** The cells of one line as `HEAD` names them; a line that compares with nothing has no peer and no ratio. */
export function cells({ what, rounds, unit = '×', target, measured }: Result): readonly string[] {
  const spread = `${digits(Math.min(...rounds))}–${digits(Math.max(...rounds))}`;
  const value = `${digits(median(rounds))} ${unit}`;
  const isRatio = unit === '×';
  return [
    what,
    measured ? withUnit(measured.ours, measured.unit) : isRatio ? '' : value,
    measured ? `${measured.peerName}: ${withUnit(measured.peer, measured.unit)}` : '',
    isRatio ? value : '',
    spread,
    words(target),
  ];
}

/**
 * The results as a table: what we and the peer measured, the median and spread of the ratio in each round, the target beside it,
 * and whether it was met. The targets are for the sizes of the full form, so the quick one is not judged by them.
 */
export function table(results: readonly Result[], form: Form): string {
  const lines = results.map((result) => [...cells(result), form === 'full' ? coloured(result) : '']);
  const rows: readonly (readonly string[])[] = [[...HEAD, ''], ...lines];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function withUnit(rounds: readonly number[], unit: string): string {
  return `${digits(median(rounds))} ${unit}`;
}

function words(target: Target | undefined): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

/** Whether the median reaches the target: `met`, `missed`, or nothing for a line without one. */
export function verdict({ rounds, target }: Result): 'met' | 'missed' | '' {
  if (target === undefined) return '';
  const value = median(rounds);
  const isMet = 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
  return isMet ? 'met' : 'missed';
}

function coloured(result: Result): string {
  const word = verdict(result);
  return word === '' ? '' : styleText(word === 'met' ? 'green' : 'red', word);
}
