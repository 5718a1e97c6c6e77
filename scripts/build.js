// Makes dist: types by tsc, and modules that are joined into few files, because Node takes most of the time of an
// import to find and link files (figures in docs/architecture.md).
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildOneLibrary } from './one-library.ts';
import { buildPageScripts } from './page-scripts.ts';
import { takeIn, takenInNotice, takenInVersion } from './taken-in.ts';

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
const outOf = (file) => file.replace('src/', '').replace(/\.ts$/, '');
const isClient = (file) => file.startsWith('src/client/');
const common = { absWorkingDir: root, bundle: true, logLevel: 'warning' };
const esm = { ...common, outdir: 'dist', outbase: 'src', format: 'esm', sourcemap: true };
const node = { ...esm, packages: 'external', platform: 'node', target: 'node22.13' };

// Whatever `pushrail` loads is one module, from which each entry takes what is its own.
const library = sources.filter((file) => /^src\/(index|backends\/|sessions\/)/.test(file));
const others = sources.filter((file) => !isClient(file) && !library.includes(file));
const files = await buildOneLibrary({
  root,
  options: { ...node, define: { ZOD_VERSION: JSON.stringify(takenInVersion) }, plugins: [takeIn(root)] },
  sources: library,
  out: 'chunks/library',
  // What records messages is loaded when a service has a message store.
  others: {
    ...Object.fromEntries(others.map((file) => [file, outOf(file)])),
    'src/recording/index.ts': 'chunks/recording',
    // What renders templates, when the first one is used.
    'src/templates/index.ts': 'chunks/templates',
  },
});
for (const { path, text } of files) {
  mkdirSync(`${root}/${dirname(path)}`, { recursive: true });
  writeFileSync(`${root}/${path}`, text);
}
const { metafile } = await build({ ...node, entryPoints: library, write: false, metafile: true });
for (const [file, { entryPoint, exports: names }] of Object.entries(metafile.outputs)) {
  if (entryPoint === undefined) continue;
  const path = relative(dirname(file), 'dist/chunks/library.js');
  mkdirSync(`${root}/${dirname(file)}`, { recursive: true });
  writeFileSync(
    `${root}/${file}`,
    `export { ${names.join(', ')} } from '${path.startsWith('.') ? path : `./${path}`}';\n`,
  );
}
// Apart from the rest, so that a page loads nothing of the server.
await build({
  ...esm,
  entryPoints: sources.filter(isClient),
  // What a page needs in an emergency alone is a file of its own.
  splitting: true,
  chunkNames: 'client/chunks/[hash]',
  packages: 'external',
  platform: 'browser',
  target: 'es2022',
});
const script = { ...common, format: 'iife', target: 'es2022', minify: true };
await build({ ...script, entryPoints: ['src/client/script.ts'], outfile: 'dist/client/pushrail-client.min.js' });
await build({
  ...script,
  entryPoints: ['src/client/fallback-script.ts'],
  outfile: 'dist/client/pushrail-fallback.min.js',
});
// What client.js imports in an emergency.
await build({
  ...script,
  format: 'esm',
  entryPoints: ['src/client/drivers/event-stream/index.ts'],
  outfile: 'dist/client/scripts/fallback.js',
});
// The client with one driver each, of which the push handler makes a page's client.js.
const scripts = globSync('src/client/scripts/*.ts', { cwd: root });
const built = await buildPageScripts({ ...common, entryPoints: scripts, outdir: 'dist/client/scripts' });
mkdirSync(`${root}/dist/client/scripts`, { recursive: true });
for (const { path, text } of built.scripts) writeFileSync(path, text);
// One character that is not ASCII, as in a comment, makes Node hold a whole file in two bytes a character.
for (const file of globSync('dist/**/*.js', { cwd: root })) {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  const ascii = text.replaceAll(/\P{ASCII}/gu, (character) =>
    character.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  if (ascii !== text) writeFileSync(`${root}/${file}`, ascii);
}
writeFileSync(`${root}/dist/third-party-licenses.txt`, takenInNotice);
chmodSync(`${root}/${bin.pushrail}`, 0o755);
