import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a page can load, by path. */
export type ClientBuild = (path: string) => Promise<string | undefined>;

/**
 * Builds the client as the package does, from the sources as they are now: the one-file script and the ES modules.
 * `remove` deletes what was built.
 */
export async function buildClient(): Promise<{ read: ClientBuild; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'pushrail-client-'));
  const [script] = await Promise.all([bundle(), compile(folder)]);
  const files: Record<string, string> = {
    '/pushrail-client.min.js': script,
    '/pusher.min.js': await readFile(join(root, 'node_modules/pusher-js/dist/web/pusher.min.js'), 'utf8'),
  };
  const read: ClientBuild = async (path) => {
    if (Object.hasOwn(files, path)) return files[path];
    const [, modulePath] = /^\/dist\/((?:[a-z-]+\/)*[a-z-]+\.js)$/.exec(path) ?? [];
    if (modulePath !== undefined) return await readFile(join(folder, modulePath), 'utf8').catch(() => undefined);
    const [, page] = /^\/([a-z-]+\.(?:html|js))$/.exec(path) ?? [];
    return page && (await readFile(new URL(`pages/${page}`, import.meta.url), 'utf8').catch(() => undefined));
  };
  return { read, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/client/script.ts'],
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** The compiler writes its output also where types are wrong; those are the type check's to report. */
async function compile(folder: string): Promise<void> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  await new Promise<void>((resolve) => {
    execFile(
      process.execPath,
      [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', folder, '--declaration', 'false'],
      () => resolve(),
    );
  });
}
