import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { partial } from 'zod/mini';
import { takeIn } from '../../scripts/taken-in.ts';
import type * as built from '../../src/index.js';
import type * as builtSettings from '../../src/settings/index.js';
import type * as schemas from '../../src/settings/schema.js';

// What the build has of zod: the schemas on a part of it that is taken in, and `pushrail/settings` on the package itself.

const root = join(import.meta.dirname, '../..');
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const load = <Module>(file: string): Promise<Module> => import(pathToFileURL(join(root, file)).href);
const { version } = JSON.parse(textOf('node_modules/zod/package.json')) as { version: string };

const { createPushService, memorySessions, PushServiceWrapper } = await load<typeof built>('dist/index.js');
const { pushServerSchema } = await load<typeof builtSettings>('dist/settings/index.js');

class Own extends PushServiceWrapper {
  protected async sendData(): Promise<void> {}
}

/** The schema of `PUSH_SERVER` on the zod that is taken in. No entry of the package passes it on. */
async function takenInSchema(): Promise<ReturnType<typeof schemas.buildPushServerSchema>> {
  // Within the repository, so that it finds the packages. Its classes are others: a brand tells that they are backends.
  const folder = mkdtempSync(join(import.meta.dirname, '.schema-'));
  try {
    const outfile = join(folder, 'schema.mjs');
    await build({
      entryPoints: [join(root, 'src/settings/schema.ts')],
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      outfile,
      plugins: [takeIn(root)],
    });
    const { buildPushServerSchema }: typeof schemas = await import(pathToFileURL(outfile).href);
    return buildPushServerSchema();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const text = 'shop-key';

const good: readonly unknown[] = [
  { backend: 'console' },
  { backend: 'console', options: { format: 'json' } },
  { backend: 'console', options: undefined, timeout: undefined },
  { backend: 'websocket', appId: '1001', pubKey: text, secretKey: text, useSsl: false, options: { port: 0 } },
  { backend: Own, subKey: text, options: { any: 'thing' } },
  { backend: new Own({}), sessions: memorySessions(), logger },
  { backend: './my-service.js#MyService' },
  { backend: 'pusher://key:secret@1001?cluster=eu' },
  { backend: 'failover(console: console:)' },
  { backend: 'failover', options: { backends: ['console:', { backend: 'console' }] } },
  { backend: 'console', timeout: 1, retries: 0, concurrency: 1, closeTimeout: 2 ** 31 - 1 },
  { backend: 'console', retries: 100, concurrency: 10_000, streamSecret: 'x'.repeat(16), defaultEvent: 'e' },
  { backend: 'console', encode: (value: unknown) => value },
];

const bad: readonly unknown[] = [
  undefined,
  null,
  42,
  [],
  'console',
  {},
  { backend: undefined },
  { backend: 'consle' },
  { backend: '' },
  { backend: 42 },
  { backend: class {} },
  { backend: {} },
  { backend: 'pusher-js://key:secret@1001' },
  { backend: 'nonsense:' },
  { backend: 'failover(console:' },
  { backend: 'console', appId: '' },
  { backend: 'console', pubKey: 42, subKey: null, secretKey: [] },
  { backend: 'console', useSsl: 'true' },
  { backend: 'console', options: 'none' },
  { backend: 'console', options: null },
  { backend: 'console', options: JSON.parse('{ "__proto__": { "format": "json" } }') },
  { backend: 'console', sessions: {} },
  { backend: 'console', sessions: memorySessions },
  { backend: 'console', timeout: 0 },
  { backend: 'console', timeout: 2 ** 31 },
  { backend: 'console', timeout: 2 ** 60 },
  { backend: 'console', timeout: 1.5, retries: -1, concurrency: 0 },
  { backend: 'console', retries: '3' },
  { backend: 'console', retries: 101, concurrency: 10_001 },
  { backend: 'console', retries: Number.NaN, concurrency: Number.POSITIVE_INFINITY },
  { backend: 'console', closeTimeout: 0n },
  { backend: 'console', streamSecret: 'short' },
  { backend: 'console', streamSecret: 16 },
  { backend: 'console', defaultEvent: '' },
  { backend: 'console', encode: {} },
  { backend: 'console', logger: { ...logger, warn: undefined } },
  { backend: 'console', logger: () => {} },
  { backend: 'console', pubkey: text, port: 6001 },
  { backend: 'consle', appId: '', retries: -1, unknown: true },
];

describe('the schema of pushrail/settings', async () => {
  const takenIn = await takenInSchema();

  it.each([...good, ...bad].map((settings, index) => [index, settings] as const))(
    'says of settings what the schema that is taken in says: %i',
    (index, settings) => {
      const verdicts = [takenIn, pushServerSchema].map((schema) => schema.safeParse(settings, { reportInput: true }));
      const [ours, theirs] = verdicts.map(({ success, data, error }) => ({ success, data, issues: error?.issues }));
      expect(theirs).toEqual(ours);
      expect(theirs?.success).toBe(index < good.length);
    },
  );

  it('is a part of a schema of the application, of the same zod', () => {
    expect(pushServerSchema).toBeInstanceOf(z.core.$ZodType);
    const configuration = z.object({ port: z.coerce.number(), push: pushServerSchema });
    const { push, port } = configuration.parse({ port: '8080', push: { backend: 'console', retries: 1 } });
    expect([port, createPushService(push).backend.name]).toEqual([8080, 'console']);
    const { error } = configuration.safeParse({ port: 1, push: { backend: 'console', retries: 101, tag: 1 } });
    expect(error?.issues.map(({ code, path }) => ({ code, path }))).toEqual([
      { code: 'too_big', path: ['push', 'retries'] },
      { code: 'unrecognized_keys', path: ['push'] },
    ]);
  });

  it('leaves to configure what it does not know: a backend that the environment names', () => {
    const schema = partial(pushServerSchema, { backend: true });
    expect(schema.safeParse({ retries: 1 }).success).toBe(true);
  });
});

describe('the build', () => {
  const importing = globSync('dist/**/*.js', { cwd: root }).filter((file) =>
    /(?:from|import) ?\(?"zod/.test(textOf(file)),
  );

  it('loads no zod of node_modules but for pushrail/settings', () => {
    expect(importing).toEqual(['dist/settings/index.js']);
  });

  it('has the code of zod once, for all entries', () => {
    const having = globSync('dist/**/*.js', { cwd: root }).filter((file) => textOf(file).includes('node_modules/zod/'));
    expect(having).toHaveLength(1);
    expect(having[0]).toMatch(/^dist\/chunks\//);
  });

  it('brings the notice of its licence', () => {
    const notice = textOf('dist/third-party-licenses.txt');
    expect(notice).toContain(`parts of zod ${version},`);
    expect(notice).toContain(textOf('node_modules/zod/LICENSE'));
  });

  it('is in ASCII, which Node holds in one byte a character', () => {
    const others = globSync('dist/**/*.js', { cwd: root }).filter((file) => /\P{ASCII}/u.test(textOf(file)));
    expect(others).toEqual([]);
  });

  it('tells the version that it has taken in', () => {
    const { version: own } = JSON.parse(textOf('package.json')) as { version: string };
    const main = (...args: readonly string[]): string =>
      spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { encoding: 'utf8' }).stdout;
    expect(main('--version')).toBe(`${own}\n`);
    expect(main('--version', '--verbose')).toBe(`${own}\nzod ${version}\n`);
    expect(main('--verbose', '--version')).toBe(`${own}\nzod ${version}\n`);
  });
});
