import { globSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { linksOf, prose } from './links.js';

const root = join(import.meta.dirname, '../..');
const documents = [...globSync('*.md', { cwd: root }), ...globSync('{docs,examples}/**/*.md', { cwd: root })].sort();

/** The anchors that GitHub gives a document: its headings in lower case, without punctuation, with hyphens; a second of a name has a number. */
function anchors(path: string): ReadonlySet<string> {
  const found = new Map<string, number>();
  const names = [...prose(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, '')
      .replaceAll(' ', '-');
    const before = found.get(slug) ?? 0;
    found.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return new Set(names);
}

it.each(documents)('the links of %s lead to files and headings that are there', (document) => {
  const broken = linksOf(join(root, document)).filter((target) => {
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? join(root, document) : join(root, dirname(document), file);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return true;
    return anchor !== undefined && !anchors(path).has(anchor);
  });
  expect(broken).toEqual([]);
});

it('links between documents are found', () => {
  const links = documents.flatMap((document) => [...prose(join(root, document)).matchAll(/\]\([\w./-]+\.md\b/g)]);
  expect(links.length).toBeGreaterThan(10);
});
