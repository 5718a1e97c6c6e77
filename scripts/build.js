// Makes dist: the modules with their types, and the one-file build of PushClient.
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(`${root}/dist`, { recursive: true, force: true });
execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
await build({
  absWorkingDir: root,
  entryPoints: ['src/client/script.ts'],
  outfile: 'dist/client/pushrail-client.min.js',
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
});
chmodSync(`${root}/dist/cli/main.js`, 0o755);
