import { readFileSync } from 'node:fs';

/** A fenced code block of a document. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** From a comment `<!-- file: name -->` on the line before: the block is written to this file, for later blocks to import. */
  readonly file: string | undefined;
  /** The text block right after it: what the block must print. */
  readonly prints: string | undefined;
}

/** A fence that Markdown takes, but that would go unseen here: indented, quoted, in a list, of tildes, or with more than a language. */
const looksLikeFence = /^[\s>*+\-\d.]*(?:`{3,}|~{3,})/;

/** The code blocks of a Markdown file, in order. */
export function codeBlocks(path: string): readonly CodeBlock[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  const blocks: {
    language: string;
    text: string;
    line: number;
    file: string | undefined;
    prints: string | undefined;
  }[] = [];
  let endOfBlock = -1;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const fence = /^(`{3,})(\S*)\s*$/.exec(line);
    if (fence === null) {
      if (looksLikeFence.test(line))
        throw new Error(`${path}:${index + 1}: write a code block as \`\`\`language, at the margin.`);
      continue;
    }
    const [, ticks = '', language = ''] = fence;
    const end = lines.indexOf(ticks, index + 1);
    if (end < 0) throw new Error(`${path}:${index + 1}: the code block has no end.`);
    const text = `${lines.slice(index + 1, end).join('\n')}\n`;
    const before = blocks.at(-1);
    const followsBlock = lines.slice(endOfBlock + 1, index).every((between) => between.trim() === '');
    if (language === 'text' && before !== undefined && followsBlock) before.prints = text;
    else
      blocks.push({
        language,
        text,
        line: index + 1,
        file: /^<!-- file: (\S+) -->$/.exec(lines[index - 1] ?? '')?.[1],
        prints: undefined,
      });
    endOfBlock = end;
    index = end;
  }
  return blocks;
}
