import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** The Markdown files that a document links to, by their paths from the root. */
function linked(document: string): ReadonlySet<string> {
  const text = readFileSync(join(root, document), 'utf8');
  return new Set([...text.matchAll(/\]\(([\w./-]+\.md)/g)].map(([, target = '']) => join(dirname(document), target)));
}

it('the contents page of the guides links to each of them', () => {
  const guides = globSync('docs/**/*.md', { cwd: root });
  const links = linked('docs/README.md');
  expect(guides.filter((guide) => guide !== 'docs/README.md' && !links.has(guide))).toEqual([]);
});

it('the README links to the contents page and to each guide that is no backend', () => {
  const guides = globSync('docs/*.md', { cwd: root });
  const links = linked('README.md');
  expect(guides.length).toBeGreaterThan(10);
  expect(guides.filter((guide) => !links.has(guide))).toEqual([]);
});
