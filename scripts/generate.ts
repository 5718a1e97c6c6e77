// Writes the lists that follow from src/backends/registry.ts and from scripts/house.ts, in files that can import
// neither, docs/performance.md's tables and picture, which show what the last run of the benchmarks measured, and the
// table of docs/scaling.md, which is computed from it.
// With --check it writes nothing, and fails when a file is out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AboutBackend } from '../src/backends/contract/about.ts';
import { sections } from '../test/bench/document.ts';
import { latencyPicture } from '../test/bench/picture.ts';
import { readRecord } from '../test/bench/record.ts';
import { sizesSection } from '../test/bench/sizes.ts';
import { houseTable } from './house.ts';
import { type ListedBackend, listedBackends, loadFacts } from './registry.ts';

const root = join(import.meta.dirname, '..');

type Backend = ListedBackend & AboutBackend;

interface Entry {
  readonly types: string;
  readonly default: string;
}

/** The text of package.json with an entry for each backend, in place of those that it had. */
function withEntries(text: string, backends: readonly Backend[]): string {
  const manifest = JSON.parse(text) as { exports: Record<string, Entry | string> };
  const isBackend = (name: string): boolean => name.startsWith('./backends/');
  const { '.': main, ...others } = manifest.exports;
  const entries = backends.map(({ name, module }) => {
    const path = module.replace(/^src\//, './dist/').replace(/\.ts$/, '');
    return [`./backends/${name}`, { types: `${path}.d.ts`, default: `${path}.js` }] as const;
  });
  const exports = Object.fromEntries([
    ['.', main],
    ...entries,
    ...Object.entries(others).filter(([name]) => !isBackend(name)),
  ]);
  return `${JSON.stringify({ ...manifest, exports }, null, 2)}\n`;
}

/** The README's table of backends. */
function backendTable(backends: readonly Backend[]): string {
  const rows = backends.map(({ name, purpose, needs = '', guide }) => {
    const shown = `\`'${name}'\``;
    return [guide === undefined ? shown : `[${shown}](${guide})`, purpose, needs];
  });
  rows.push(['[a class of your own](docs/backends/custom.md)', 'anything else', 'one method']);
  return [['backend', 'for', 'needs'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`.replaceAll('  ', ' '))
    .join('\n');
}

/** The module that tells which driver of the page's client goes with which backend. */
function driverNames(backends: readonly Backend[]): string {
  const lines = backends.flatMap(({ name, clientDriver }) =>
    clientDriver === undefined ? [] : [`  ${name}: '${clientDriver}',\n`],
  );
  return `// Written by \`npm run generate\` from src/backends/registry.ts.

/** The name of the client's driver for each backend of the server. */
export const driverNames = {
${lines.join('')}} as const;

/** The name of a driver. */
export type DriverName = (typeof driverNames)[keyof typeof driverNames];

/** The driver that goes with a backend; undefined for one that has none. */
export function driverFor(backend: string): DriverName | undefined {
  return Object.hasOwn(driverNames, backend) ? driverNames[backend as keyof typeof driverNames] : undefined;
}
`;
}

/** Replaces what stands between the two lines that mark a generated part of a document. */
function withPart(document: string, part: string, text: string): string {
  const begin = `<!-- ${part}:begin (npm run generate) -->`;
  const end = `<!-- ${part}:end -->`;
  const [before, rest = ''] = document.split(`${begin}\n`);
  const after = rest.split(end)[1];
  if (after === undefined) throw new Error(`There are no lines ${begin} and ${end}.`);
  return `${before}${begin}\n${text}\n${end}${after}`;
}

const facts = await loadFacts(root);
const backends = listedBackends(root).map((line): Backend => {
  const about = facts.get(line.name);
  if (about === undefined) throw new Error(`The class of the backend "${line.name}" states nothing about itself.`);
  return { ...line, ...about };
});

const measured = readRecord(join(root, 'test/bench/results.json'));

const generated: readonly (readonly [file: string, make: (text: string) => string])[] = [
  ['package.json', (text) => withEntries(text, backends)],
  ['src/wire/driver-names.ts', () => driverNames(backends)],
  ['README.md', (text) => withPart(text, 'backends', backendTable(backends))],
  ['docs/architecture.md', (text) => withPart(text, 'house', houseTable())],
  ['docs/performance.md', (text) => withPart(text, 'benchmarks', sections(measured))],
  ['docs/scaling.md', (text) => withPart(text, 'sizes', sizesSection(measured))],
  ['docs/images/latency.svg', () => latencyPicture(measured)],
];

const isCheck = process.argv.includes('--check');
for (const [file, make] of generated) {
  const path = join(root, file);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  let text: string;
  try {
    text = make(before);
  } catch (cause) {
    throw new Error(`${file} could not be written.`, { cause });
  }
  if (text === before) continue;
  if (isCheck) {
    console.error(`${file} is out of date: run "npm run generate".`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${file}`);
  }
}
