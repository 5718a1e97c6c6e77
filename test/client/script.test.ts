import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { buildPageScripts } from '../../scripts/page-scripts.ts';
import { driverNames } from '../../src/wire/driver-names.js';

/** The promises of docs/client.md, in bytes after gzip. */
const MAX_ALL_BYTES = 11 * 1024;
const MAX_PUSHER_BYTES = 8 * 1024;

const plain = { bundle: true, minify: true, format: 'iife', platform: 'browser', target: 'es2022' } as const;
const options = { write: false as const, metafile: true as const, outdir: 'out', outbase: 'src/client' };
const whole = await build({ ...plain, ...options, entryPoints: ['src/client/script.ts'] });
const parts = await buildPageScripts({
  outdir: 'out',
  outbase: 'src/client',
  entryPoints: ['src/client/scripts/*.ts'],
});
const outputFiles = [...whole.outputFiles, ...parts.scripts];
const metafile = {
  inputs: { ...whole.metafile.inputs, ...parts.metafile.inputs },
  outputs: { ...whole.metafile.outputs, ...parts.metafile.outputs },
};

/** A script's text. @param name as in `script` or `scripts/pusher` */
function scriptOf(name: string): string {
  return outputFiles.find(({ path }) => path.endsWith(`/out/${name}.js`))?.text ?? '';
}

/** The source files that a script is made of. */
function sourcesOf(name: string): readonly string[] {
  const sources = Object.entries(metafile.outputs[`out/${name}.js`]?.inputs ?? {});
  return sources.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
}

/** Lists the members of a client, of its channels, and of the class itself. */
const memberNames = `
  const client = new PushClient({ backend: 'websocket', channels: [] });
  const names = new Set();
  for (let each of [client, client.channel('a'), PushClient])
    for (; each && each !== Object.prototype && each !== Function.prototype; each = Object.getPrototypeOf(each))
      for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  [...names].sort();
`;

const drivers = [...new Set(Object.values(driverNames))];

describe('the one-file script', () => {
  it('is at most 11 kB gzipped', () => {
    expect(scriptOf('script')).not.toBe('');
    expect(gzipSync(scriptOf('script')).length).toBeLessThanOrEqual(MAX_ALL_BYTES);
  });

  it('sets the global PushClient and nothing else', () => {
    const page = createContext({});
    runInContext(scriptOf('script'), page);
    expect(Object.keys(page)).toEqual(['PushClient']);
    expect(runInContext('new PushClient({ backend: "websocket", channels: [] }).state', page)).toBe('initialized');
  });

  it('is made from the client’s own files only', () => {
    const foreign = Object.keys(metafile.inputs).filter((path) => !/^src\/(client|wire)\//.test(path));
    expect(foreign).toEqual([]);
  });
});

describe('the script with one driver', () => {
  it('is at most 8 kB gzipped with the driver of the embedded server', () => {
    expect(scriptOf('scripts/pusher')).not.toBe('');
    expect(gzipSync(scriptOf('scripts/pusher')).length).toBeLessThanOrEqual(MAX_PUSHER_BYTES);
  });

  it('gives a page the members that the whole client has, by their names', () => {
    const script = { src: 'https://shop.example/push/client.js' };
    const page = createContext({ URL, document: { currentScript: script } });
    runInContext(scriptOf('scripts/pusher'), page);
    const other = createContext({});
    runInContext(scriptOf('script'), other);
    const [names, expected] = [page, other].map((context): unknown => runInContext(memberNames, context));
    expect(names).toEqual(expected);
    expect(expected).toEqual(expect.arrayContaining(['receiveMessage', 'onMembersChange', 'isSubscribed', 'ready']));
  });

  it.each(drivers)('exists for the driver %s, and holds no other', (driver) => {
    const held = sourcesOf(`scripts/${driver}`).flatMap((path) => /drivers\/(\w+)(?:\/|\.ts)/.exec(path)?.[1] ?? []);
    expect([...new Set(held)]).toEqual([driver]);
  });
});
