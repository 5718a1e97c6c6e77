import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, build, type Format } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { programOutput } from '../support/program-output.js';

// Applications on the built package, made into one file by esbuild, which runs where nothing is installed.

const root = join(import.meta.dirname, '../..');
const empty = mkdtempSync(join(tmpdir(), 'pushrail-bundle-'));

/** What esbuild's documents say for packages in CommonJS, such as `ws`, in a bundle that is an ES module. */
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

afterAll(() => rmSync(empty, { recursive: true }));

/** Bundles a program and runs it in a folder of its own. @returns what it prints */
async function bundled(program: string, format: Format, options: BuildOptions = {}): Promise<string> {
  const file = join(empty, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
  const { outputFiles, warnings } = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    platform: 'node',
    format,
    banner: format === 'esm' ? { js: banner } : {},
    write: false,
    logLevel: 'silent',
    // As for any package in node_modules.
    logOverride: { 'ignored-bare-import': 'silent' },
    // Without the paths of this repository's tsconfig.json: the package as it is built.
    tsconfigRaw: {},
    ...options,
  });
  expect(warnings.map(({ text }) => text)).toEqual([]);
  writeFileSync(file, outputFiles?.[0]?.contents ?? '');
  return programOutput(process.execPath, [file], empty);
}

describe.each(['cjs', 'esm'] as const)('in a bundle that is %s', (format) => {
  it.each([false, true])('sends with a backend that needs no other package (minified: %s)', async (minify) => {
    const program = `
      import { createPushService } from 'pushrail';
      const push = createPushService({ backend: 'console' });
      push.send({ event: 'order.shipped', channels: 'orders', data: { orderId: 42 } })
        .then(({ status }) => { console.log(status); return push.close(); });`;
    expect(await bundled(program, format, { minify })).toBe('[push] orders  order.shipped  {"orderId":42}\naccepted\n');
  });
});

it('shares the default service with other copies in the process, as in Next.js, and by require and import', async () => {
  const outputs = await Promise.all(
    (['esm', 'cjs'] as const).map(async (format) => {
      const { outputFiles } = await build({
        stdin: { contents: "export { PushService } from 'pushrail';", resolveDir: root },
        bundle: true,
        platform: 'node',
        format,
        banner: format === 'esm' ? { js: banner } : {},
        write: false,
        tsconfigRaw: {},
      });
      return outputFiles[0]?.contents;
    }),
  );
  writeFileSync(join(empty, 'instrumentation.mjs'), outputs[0] as Uint8Array);
  writeFileSync(join(empty, 'route.cjs'), outputs[1] as Uint8Array);
  const program = `
    import { PushService as ofInstrumentation } from './instrumentation.mjs';
    import { createRequire } from 'node:module';
    const { PushService } = createRequire(import.meta.url)('./route.cjs');
    ofInstrumentation.configure({ backend: 'console' });
    const { status } = await PushService.send({ event: 'order.shipped', channels: 'orders', data: { orderId: 42 } });
    console.log(status, PushService === ofInstrumentation);
    const version = JSON.parse(process.argv[2]).split('.')[0];
    console.log(PushService === globalThis[Symbol.for('pushrail.v' + version + '.PushService')]);
    await PushService.close();`;
  writeFileSync(join(empty, 'application.mjs'), program);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const args = [join(empty, 'application.mjs'), JSON.stringify(version)];
  expect(await programOutput(process.execPath, args, empty)).toBe(
    '[push] orders  order.shipped  {"orderId":42}\naccepted true\ntrue\n',
  );
});

it('keeps nothing of import.meta in CommonJS, of whatever an application imports on the server', async () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };
  const entries = Object.keys(exports).filter((entry) => !/^\.\/(?:client|package)\b/.test(entry));
  expect(entries).toContain('./backends/pusher');
  const imports = entries.map((entry, index) => `import * as m${index} from '${join('pushrail', entry)}';`);
  const all = entries.map((_, index) => `Object.keys(m${index}).length > 0`).join(', ');
  // esbuild warns of each import.meta; Jest's transforms stop at one.
  expect(await bundled(`${imports.join('\n')}\nconsole.log([${all}].every(Boolean));`, 'cjs')).toBe('true\n');
});
