import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createPushService } from 'pushrail';
import { createPushHandler } from 'pushrail/http';
import type { Benchmark, Result } from './benchmark.ts';

/** The files that others hand to a page, as their packages hold them. */
const others = {
  'laravel-echo with pusher-js': ['pusher-js/dist/web/pusher.min.js', 'laravel-echo/dist/echo.iife.js'],
  'socket.io-client': ['socket.io/client-dist/socket.io.min.js'],
};

/** The client.js that the push handler answers a page of the embedded server with. */
async function ours(): Promise<string> {
  const settings = { appId: 'bench', pubKey: 'bench', secretKey: 'bench-secret' };
  await using push = createPushService({ backend: 'websocket', ...settings });
  const response = await createPushHandler(push)(new Request('http://localhost/push/client.js'));
  if (!response.ok) throw new Error(`client.js was answered with ${response.status}.`);
  return response.text();
}

async function textOf(path: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url)), 'utf8');
}

async function run(): Promise<Result[]> {
  const kilobytes = (text: string): readonly number[] => [gzipSync(text).length / 1000];
  const client = kilobytes(await ours());
  const rows = Object.entries(others).map(async ([peerName, paths]): Promise<Result> => {
    const texts = await Promise.all(paths.map(textOf));
    const measured = { unit: 'kB', ours: client, peer: kilobytes(texts.join('')), peerName };
    return { what: 'client.js with pusher-js', unit: 'kB', rounds: client, measured, target: { atMost: 26 } };
  });
  return Promise.all(rows);
}

export const pageSize: Benchmark = {
  name: 'page-size',
  question: 'What does a page load?',
  about: () => 'what a page of the embedded server loads, gzipped',
  run,
};
