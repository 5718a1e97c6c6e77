import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { hook } from '../server/support/source-hook.js';
import { addBackend } from '../support/add-backend.js';

const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('a new backend', () => {
  const tree = mkdtempSync(join(tmpdir(), 'pushrail-backend-'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const guides = ['architecture.md', 'performance.md', 'scaling.md', 'images/latency.svg'];
  const documents = ['README.md', ...guides.map((name) => `docs/${name}`)];
  /** What the tables of docs/performance.md and docs/scaling.md are made with. */
  const bench = [
    ...['benchmark.ts', 'document.ts', 'picture.ts', 'record.ts'],
    ...['results.json', 'sizes.ts', 'statistics.ts', 'table.ts'],
  ];
  const lib = [
    'src',
    'scripts',
    'package.json',
    'tsconfig.json',
    ...documents,
    ...bench.map((name) => `test/bench/${name}`),
  ];
  afterAll(() => rmSync(tree, { recursive: true }));

  /** The files that are not as they are here. */
  const changed = (): readonly string[] =>
    globSync([...lib, ...lib.map((path) => `${path}/**`), 'test/**'], { cwd: tree })
      .filter((file) => statSync(join(tree, file)).isFile())
      .filter((file) => !existsSync(join(root, file)) || readFileSync(join(tree, file), 'utf8') !== textOf(file))
      .sort();

  async function run(...args: readonly string[]): Promise<string> {
    const { stdout, stderr } = await execute(process.execPath, args, { cwd: tree, encoding: 'utf8' });
    return stdout + stderr;
  }

  it('is a folder, its tests and its line in the registry; the rest follows', async () => {
    for (const path of lib) cpSync(join(root, path), join(tree, path), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'), 'dir');
    const touched = addBackend(tree);
    expect(new Set(touched.map((file) => dirname(file)))).toEqual(
      new Set(['src/backends/pigeon', 'test/backends/pigeon', 'src/backends']),
    );
    const registry = readFileSync(join(tree, 'src/backends/registry.ts'), 'utf8');
    expect(registry.split('\n').length).toBe(textOf('src/backends/registry.ts').split('\n').length + 1);
    await expect(run('scripts/generate.ts', '--check')).rejects.toThrow('package.json is out of date');

    await run('scripts/generate.ts');
    const generated = ['README.md', 'package.json', 'src/wire/driver-names.ts'];
    expect(changed()).toEqual([...touched, ...generated].sort());
    expect(JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'))).toMatchObject({
      exports: {
        './backends/pigeon': {
          types: './dist/backends/pigeon/index.d.ts',
          default: './dist/backends/pigeon/index.js',
        },
      },
    });
    expect(readFileSync(join(tree, 'README.md'), 'utf8')).toContain("| `'pigeon'` | pigeons | a loft |\n");

    await Promise.all([
      run('scripts/generate.ts', '--check'),
      run('scripts/check-imports.ts'),
      run(tsc, '-p', '.'),
      run('--import', hook(), '--test', 'test/backends/pigeon/pigeon.test.ts'),
    ]);
  }, 60_000);

  it('that imports another one is refused by npm run check', async () => {
    appendFileSync(join(tree, 'src/backends/pigeon/index.ts'), "export * from '../console/index.js';\n");
    await expect(run('scripts/check-imports.ts')).rejects.toThrow(
      /src\/backends\/pigeon\/index\.ts:\d+: imports "\.\.\/console\/index\.js", which backends\/\* may not/,
    );
  });
});
