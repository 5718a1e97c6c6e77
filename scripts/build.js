// Makes dist: types by tsc, and modules that are joined into few files, because Node takes most of the time of an import to
// find and link files (figures in docs/architecture.md).
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { bin, exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));

rmSync(`${root}/dist`, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [`${root}/node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
if (status !== 0) process.exit(1);

const modules = Object.values(exports).flatMap((entry) => entry.default ?? []);
const sources = [...modules, bin.pushrail].map((file) => file.replace('./dist/', 'src/').replace(/\.js$/, '.ts'));
const isClient = (file) => file.startsWith('src/client/');
const common = { absWorkingDir: root, bundle: true, logLevel: 'warning' };
const esm = { ...common, outdir: 'dist', outbase: 'src', format: 'esm', sourcemap: true };
await build({
  ...esm,
  entryPoints: sources.filter((file) => !isClient(file)),
  splitting: true,
  chunkNames: 'chunks/[hash]',
  packages: 'external',
  platform: 'node',
  target: 'node22.13',
});
// Apart from the rest, so that a page loads nothing of the server.
await build({ ...esm, entryPoints: sources.filter(isClient), platform: 'browser', target: 'es2022' });
await build({
  ...common,
  entryPoints: ['src/client/script.ts'],
  outfile: 'dist/client/pushrail-client.min.js',
  format: 'iife',
  target: 'es2022',
  minify: true,
});
chmodSync(`${root}/${bin.pushrail}`, 0o755);
