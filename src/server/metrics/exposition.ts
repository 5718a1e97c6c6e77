// The text format in which Prometheus and its kin read figures. Source:
// https://prometheus.io/docs/instrumenting/exposition_formats/ (text-based format, version 0.0.4)

/** The `Content-Type` of the text. */
export const EXPOSITION_TYPE: string = 'text/plain; version=0.0.4; charset=utf-8';

/** One figure, or one for each value of a label. */
export interface Metric {
  /** Of letters and `_`; with `_total` at its end when it is a counter. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  /** One line, without a backslash. */
  readonly help: string;
  readonly value: number | LabelledValues;
}

/** The figures of a metric by a label, whose values need no escaping: they are words and numbers of ours. */
interface LabelledValues {
  readonly label: string;
  readonly values: ReadonlyMap<string | number, number>;
}

/** Writes metrics as text. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics.map(textOf).join('');
}

function textOf({ name, type, help, value }: Metric): string {
  const head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  if (typeof value === 'number') return `${head}${name} ${value}\n`;
  const lines = [...value.values].map(([key, count]) => `${name}{${value.label}="${key}"} ${count}\n`);
  return head + lines.join('');
}
