import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const files = ['README.md', ...globSync(['docs/**/*.md', 'examples/**/*.{js,md}', 'src/**/*.ts'], { cwd: root })];

/** Ids that are no application's of a Channels server: those of OneSignal, and those of a class that a document makes. */
const others = /^(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|main|spare)$/;

// Pusher's ids are of digits alone, and the server libraries for Python and Go refuse any other.
it('application ids are of digits wherever users see one', () => {
  const ids = files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const literal = [...text.matchAll(/\bappId: '([^']+)'/g)];
    const inDsn = [...text.matchAll(/\b(?:websocket|remote|pusher):\/\/[\w${}.-]+:[\w${}.-]+@([\w-]+)/g)];
    return [...literal, ...inDsn].map(([, id = '']) => ({ file, id }));
  });
  expect(ids.length).toBeGreaterThan(30);
  expect(ids.filter(({ id }) => !/^(?:\d+|APPID)$/.test(id) && !others.test(id))).toEqual([]);
});
