import type { Result } from './benchmark.ts';
import type { Recorded } from './record.ts';
import { cells, HEAD, verdict } from './table.ts';

/** The part of docs/performance.md that is made of a file of results: a section with a table for each benchmark. */
export function sections(recorded: Recorded): string {
  return Object.entries(recorded)
    .map(([name, { run, results }]) => {
      const { question, about, form, day, node, machine } = run;
      const short = form === 'quick' ? ' in the short form, which is not judged by the targets,' : '';
      return [
        `### ${question}`,
        `${about[0]?.toUpperCase()}${about.slice(1)}.`,
        markdown(results, form === 'full'),
        `\`npm run bench -- ${name}\`, run${short} on ${day} with Node ${node} on ${machine}.`,
      ].join('\n\n');
    })
    .join('\n\n');
}

/** With a result as bold letters where it misses its target. */
function markdown(results: readonly Result[], isJudged: boolean): string {
  const [, ...head] = HEAD;
  const rows = results.map((result) => {
    const row = cells(result);
    const word = isJudged ? verdict(result) : '';
    const target = word === '' ? row.slice(-1) : [`${row.at(-1)} ${word === 'missed' ? '**missed**' : word}`];
    return [...row.slice(0, -1), ...target];
  });
  return [['', ...head], ['---', ...head.map(() => '---:')], ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`.replaceAll('  ', ' '))
    .join('\n');
}
