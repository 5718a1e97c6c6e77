import { accessSync, constants, existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from './docs/document.js';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const workflows = globSync('.github/workflows/*.yml', { cwd: root });
const instructions = [
  'CONTRIBUTING.md',
  '.github/pull_request_template.md',
  ...globSync('examples/**/*.md', { cwd: root }),
  ...workflows,
];

describe.each(instructions)('%s', (file) => {
  const text = read(file);

  it('names no script that package.json does not have', () => {
    const named = [...text.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test)\b)/g)];
    const unknown = named.map(([, script, test]) => script ?? test ?? '').filter((name) => !(name in scripts));
    expect(unknown).toEqual([]);
  });

  it('names no program of the repository that cannot be started', () => {
    const programs = text.match(/(?<![\w/])\.ci\/\w+/g) ?? [];
    for (const program of programs) expect(() => accessSync(join(root, program), constants.X_OK)).not.toThrow();
    const files = [...text.matchAll(/`node ([\w./-]+)`/g)].map(([, path = '']) => path);
    for (const path of files) expect(() => accessSync(join(root, path))).not.toThrow();
  });
});

it('is checked by a workflow that runs .ci/run, and measured by one that runs the short benchmarks', () => {
  const steps = workflows.flatMap((file) =>
    [...read(file).matchAll(/^ +- run: (.+)$/gm)].map(([, command]) => command),
  );
  expect(steps).toContain('.ci/run');
  expect(steps).toContain('npm run bench -- --quick');
});

it('CONTRIBUTING.md names no file or folder that is not there, but those of the backend to be added', () => {
  const paths = [...read('CONTRIBUTING.md').matchAll(/`((?:src|test|docs)\/[\w./-]*)`/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(5);
  expect(paths.filter((path) => !path.includes('pigeon') && !existsSync(join(root, path)))).toEqual([]);
});

it('docs/architecture.md names no file or folder that is not there', () => {
  const paths = [...read('docs/architecture.md').matchAll(/`((?:src|test|scripts)\/[\w./-]*)`/g)];
  const missing = paths.map(([, path = '']) => path).filter((path) => !existsSync(join(root, path)));
  expect(paths.length).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});

describe('the picture in CONTRIBUTING.md', () => {
  const diagrams = codeBlocks(join(root, 'CONTRIBUTING.md')).filter(({ language }) => language === 'mermaid');
  const picture = diagrams.map(({ text }) => text).join('');
  const labels = new Map([...picture.matchAll(/(\w+)\["([^"]+)"\]/g)].map(([, id = '', label = '']) => [id, label]));

  it('shows src/ as it is', () => {
    const entries = readdirSync(join(root, 'src'), { withFileTypes: true });
    const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    expect([...labels.values()].sort()).toEqual(names.sort());
  });

  it('draws no arrow that no import goes along', () => {
    const arrows = [...picture.matchAll(/^ {2}(\w+)\S* -->(?:\|[^|]+\|)? (\w+)/gm)].map(
      ([, from = '', to = '']) => [labels.get(from) ?? from, labels.get(to) ?? to] as const,
    );
    expect(arrows.length).toBeGreaterThan(20);
    const sources = globSync('src/**/*.ts', { cwd: root }).map((file) => [file, read(file)] as const);
    const idle = arrows.filter(([from, to]) => {
      const target = to.endsWith('/') ? to : `${to.replace(/\.ts$/, '')}.js`;
      return !sources.some(
        ([file, text]) => file.startsWith(`src/${from}`) && new RegExp(`from '(?:\\.\\./|\\./)+${target}`).test(text),
      );
    });
    expect(idle.map(([from, to]) => `${from} → ${to}`)).toEqual([]);
  });
});
