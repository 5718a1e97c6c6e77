import { readFileSync } from 'node:fs';

/** The text of a document without its code, in which brackets are no links. */
export function prose(path: string): string {
  return readFileSync(path, 'utf8')
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ''));
}

/** Where the links and pictures of a document lead that are within the repository: `file#heading`, either of which may be missing. */
export function linksOf(path: string): string[] {
  const targets = [...prose(path).matchAll(/\]\(([^()\s]*)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^https?:/.test(target));
}
