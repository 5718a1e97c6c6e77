// Makes dist: types by tsc, and modules that are joined into few files, because Node takes most of the time of an import to
// find and link files (figures in docs/architecture.md).
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { bin, exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));

rmSync(`${root}/dist`, { recursive: true, force: true });
execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

const modules = Object.values(exports).flatMap((entry) => entry.default ?? []);
const common = { absWorkingDir: root, bundle: true, logLevel: 'warning' };
await build({
  ...common,
  entryPoints: [...modules, bin.pushrail].map((file) => file.replace('./dist/', 'src/').replace(/\.js$/, '.ts')),
  outdir: 'dist',
  outbase: 'src',
  format: 'esm',
  splitting: true,
  chunkNames: 'chunks/[hash]',
  packages: 'external',
  platform: 'node',
  target: 'node22.13',
  sourcemap: true,
});
await build({
  ...common,
  entryPoints: ['src/client/script.ts'],
  outfile: 'dist/client/pushrail-client.min.js',
  format: 'iife',
  target: 'es2022',
  minify: true,
});
chmodSync(`${root}/${bin.pushrail}`, 0o755);
