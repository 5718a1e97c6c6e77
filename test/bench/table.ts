import { styleText } from 'node:util';
import type { Form, Result, Target } from './benchmark.ts';
import { digits, median } from './statistics.ts';

/**
 * The results as a table: the median and spread of the rounds, the target beside it, and whether it was met. The targets are for the
 * sizes of the full form, so the quick one is not judged by them.
 */
export function table(results: readonly Result[], form: Form): string {
  const lines = results.map(({ what, rounds, unit = '×', target }) => {
    const spread = `${digits(Math.min(...rounds))}–${digits(Math.max(...rounds))}`;
    const value = median(rounds);
    return [
      what,
      `${digits(value)} ${unit}`,
      spread,
      words(target),
      form === 'full' ? verdict(value, target) : '',
    ] as const;
  });
  const rows = [['', 'median', 'rounds', 'target', ''] as const, ...lines];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([what, ...figures]) => {
      const cells = figures.slice(0, 3).map((cell, column) => cell.padStart(widths[column + 1] ?? 0));
      return `${what.padEnd(widths[0] ?? 0)}  ${cells.join('  ')}  ${figures[3] ?? ''}`.trimEnd();
    })
    .join('\n');
}

function words(target: Target | undefined): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

function verdict(value: number, target: Target | undefined): string {
  if (target === undefined) return '';
  const isMet = 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
  return isMet ? styleText('green', 'met') : styleText('red', 'missed');
}
