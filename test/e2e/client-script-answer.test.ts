import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScriptSite } from './script-site.js';

/** What a page of the embedded server loads, with `pusher-js`, in bytes after gzip. */
const MAX_PAGE_BYTES = 26_000;

let site: ScriptSite;

beforeEach(async () => {
  site = await new ScriptSite().start();
});

afterEach(() => site[Symbol.asyncDispose]());

describe('the answer with client.js', () => {
  const ask = (init: RequestInit = {}, path = '/push/client.js') => fetch(site.origin + path, init);

  it('is the same for everybody, and for pages of any origin', async () => {
    const first = await ask({ headers: { cookie: 'user=ann' } });
    const headers = {
      origin: 'https://elsewhere.example',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'no-cors',
    };
    site.user = undefined;
    const second = await ask({ headers }, '/push/client.js/?v=2');
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(await first.text()).toBe(await second.text());
    for (const { headers } of [first, second]) {
      expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      expect(headers.get('cache-control')).toBe('public, max-age=300');
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      expect(headers.get('etag')).toMatch(/^"[\w-]{43}"$/);
      expect([headers.get('set-cookie'), headers.get('vary')]).toEqual([null, null]);
    }
  });

  it('is at most 26 kB gzipped, with the SDK', async () => {
    const text = await (await ask()).text();
    expect(text).toContain('Pusher');
    expect(gzipSync(text).length).toBeLessThanOrEqual(MAX_PAGE_BYTES);
  });

  it('is 304 for whoever has it, and has no body for HEAD', async () => {
    const etag = (await ask({ method: 'HEAD' })).headers.get('etag') ?? '';
    expect(await (await ask({ method: 'HEAD' })).text()).toBe('');
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const response = await ask({ headers: { 'if-none-match': tags } });
      expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([304, etag, '']);
    }
    expect((await ask({ headers: { 'if-none-match': '"other"' } })).status).toBe(200);
    expect((await ask({ method: 'POST' })).status).toBe(405);
    expect((await ask({ method: 'HEAD' }, '/push/config')).status).toBe(405);
  });

  it('holds no secret and nothing of the configuration', async () => {
    const text = await (await ask()).text();
    for (const word of ['keep-this', 'session-of', '"1001"', 'sourceMappingURL']) expect(text).not.toContain(word);
  });
});
