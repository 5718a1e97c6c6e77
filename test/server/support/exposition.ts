import { expect } from 'vitest';

const HELP = /^# HELP ([a-z_]+) (\S.*)$/;
const TYPE = /^# TYPE ([a-z_]+) (counter|gauge)$/;
/** The escapes of a label's value are `\\`, `\"` and `\n`. */
const SAMPLE = /^([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"\})? (\d+(?:\.\d+)?)$/;

/**
 * Reads figures in Prometheus' text format, by its rules and by those of its names: each metric is in one block of a
 * HELP, a TYPE and its samples; the last line ends too; no series comes twice; a counter's name ends with `_total`.
 * @returns the value of each series, as in `pushrail_connections_cut_total{reason="burst"}`
 */
export function figures(text: string): Readonly<Record<string, number>> {
  expect(text.endsWith('\n')).toBe(true);
  const series = new Map<string, number>();
  const names = new Set<string>();
  let helped = '';
  let typed = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, helpName, help] = HELP.exec(line) ?? [];
    const [, typeName, type] = TYPE.exec(line) ?? [];
    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? [];
    if (helpName !== undefined) {
      expect(names, 'one block a metric').not.toContain(helpName);
      expect(help).not.toContain('\\');
      names.add(helpName);
      helped = helpName;
    } else if (typeName !== undefined) {
      expect(typeName).toBe(helped);
      expect(typeName.endsWith('_total')).toBe(type === 'counter');
      typed = typeName;
    } else {
      expect(value, line).toBeDefined();
      expect(name).toBe(typed);
      expect(series.has(name + labels), line).toBe(false);
      series.set(name + labels, Number(value));
    }
  }
  return Object.fromEntries(series);
}
