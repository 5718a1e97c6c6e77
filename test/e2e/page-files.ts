import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a page loads by name; everything else is a module of the built package or a page of these tests. */
const scripts: Readonly<Record<string, string>> = {
  '/pushrail-client.min.js': `${root}dist/client/pushrail-client.min.js`,
  '/pushrail-fallback.min.js': `${root}dist/client/pushrail-fallback.min.js`,
  '/pusher.min.js': `${root}node_modules/pusher-js/dist/web/pusher.min.js`,
  '/pubnub.min.js': `${root}node_modules/pubnub/dist/web/pubnub.min.js`,
  '/axios.min.js': `${root}node_modules/axios/dist/axios.min.js`,
};

/** What a page can load, by path: the built package, `pusher-js`, and the pages beside this file. */
export async function readForPage(path: string): Promise<string | undefined> {
  const [, module] = /^\/(dist\/(?:[a-zA-Z0-9-]+\/)*[a-zA-Z0-9-]+\.js)$/.exec(path) ?? [];
  const [, page] = /^\/([a-z-]+\.(?:html|js))$/.exec(path) ?? [];
  const file = scripts[path] ?? (module && `${root}${module}`) ?? (page && `${root}test/e2e/pages/${page}`);
  return file && (await readFile(file, 'utf8').catch(() => undefined));
}
