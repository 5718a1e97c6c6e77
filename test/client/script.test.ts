import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** The promise of docs/client.md, in bytes after gzip. */
const MAX_SCRIPT_BYTES = 8 * 1024;

const { outputFiles, metafile } = await build({
  entryPoints: ['src/client/script.ts'],
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  write: false,
  metafile: true,
});
const script = outputFiles[0]?.text ?? '';

describe('the one-file script', () => {
  it('is at most 8 kB gzipped', () => {
    expect(script).not.toBe('');
    expect(gzipSync(script).length).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
  });

  it('sets the global PushClient and nothing else', () => {
    const page = createContext({});
    runInContext(script, page);
    expect(Object.keys(page)).toEqual(['PushClient']);
    expect(runInContext('new PushClient({ backend: "websocket", channels: [] }).state', page)).toBe('initialized');
  });

  it('is made from the client’s own files only', () => {
    const foreign = Object.keys(metafile.inputs).filter((path) => !/^src\/(client|wire)\//.test(path));
    expect(foreign).toEqual([]);
  });
});
