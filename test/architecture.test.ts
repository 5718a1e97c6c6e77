import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
const sources = globSync('src/**/*.ts', { cwd: root });

/** The files that hold a backend or a session adapter. */
const drivers = sources.filter(
  (file) =>
    /^src\/(backends\/(\w+\/index|composite\/(failover|roundrobin|fanout))|sessions\/[^/]+)\.ts$/.test(file) &&
    /^export (class \w+ extends (PushServiceWrapper|BatchServiceWrapper|ChannelsService|CompositeService)|function \w+Sessions|function userChannels)\b/m.test(
      readFileSync(join(root, file), 'utf8'),
    ),
);

describe('the linter', () => {
  it('refuses cycles, also of types alone', () => {
    const cycle = mkdtempSync(join(tmpdir(), 'pushrail-cycle-'));
    cpSync(join(root, 'biome.json'), join(cycle, 'biome.json'));
    writeFileSync(join(cycle, 'a.ts'), "import type { B } from './b.js';\nexport type A = B;\n");
    writeFileSync(join(cycle, 'b.ts'), "import type { A } from './a.js';\nexport type B = A | string;\n");
    const found = lint(cycle).filter(({ category }) => category === 'lint/suspicious/noImportCycles');
    expect(found.map(({ location }) => location.path).sort()).toEqual(['a.ts', 'b.ts']);
    rmSync(cycle, { recursive: true });
  });
});

describe('the source', () => {
  it('has no file over 300 lines', () => {
    const long = sources.filter((file) => readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length > 300);
    expect(long).toEqual([]);
  });

  it('has a median of under 100 lines a file', () => {
    const lengths = sources
      .map((file) => readFileSync(join(root, file), 'utf8').split('\n').length)
      .sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThan(100);
  });

  it('has no file that is named after nothing', () => {
    expect(sources.filter((file) => /util|helper|manager|common|misc/i.test(basename(file)))).toEqual([]);
  });

  it('has an entry that only passes on what others export', () => {
    const entry = readFileSync(join(root, 'src/index.ts'), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const reExport = /export (?:type )?(?:\{[^}]*\}|\*) from '[^']+';/g;
    expect(entry.replaceAll(reExport, '').trim()).toBe('');
  });

  it('is listed in package.json: each backend and session adapter is an entry, and each entry a file', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, string | { types: string; default: string }>;
    };
    const entries = Object.entries(exports).flatMap(([name, target]) =>
      typeof target === 'string'
        ? []
        : [[name, target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'), target.types]],
    );
    for (const [, file, types] of entries) {
      expect(sources).toContain(file);
      expect(types).toBe(`./dist/${file?.replace('src/', '').replace(/\.ts$/, '.d.ts')}`);
    }
    const driverEntries = entries
      .map(([, file]) => file ?? '')
      .filter((file) => /^src\/(backends|sessions)\//.test(file));
    expect(driverEntries.sort()).toEqual([...drivers].sort());
  });
});

interface Diagnostic {
  readonly category: string;
  readonly location: { readonly path: string; readonly start: { readonly line: number } };
}

function lint(directory: string): readonly Diagnostic[] {
  const args = [biome, 'lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8' });
  return (JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] }).diagnostics;
}
