import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MessageState, messageStates, transitions } from '../../src/messages/states.js';
import { messageEvents } from '../../src/recording/events.js';
import { codeBlocks } from './document.js';

const root = join(import.meta.dirname, '../..');
const path = join(root, 'docs/messages.md');
const page = readFileSync(path, 'utf8');

/** The names in the first column of the table below a heading. */
function firstColumn(heading: string): readonly string[] {
  const [, section = ''] = page.split(`\n${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').match(/^\| `[^|]*\|/gm) ?? [];
  return rows.flatMap((row) => [...row.matchAll(/`([\w-]+)/g)].map(([, name = '']) => name));
}

/** The names of the properties of an interface. */
function propertiesOf(file: string, name: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const [, body = ''] = new RegExp(`export interface ${name} {\\n([\\s\\S]*?)\\n}`).exec(text) ?? [];
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, property = '']) => property);
}

describe('docs/messages.md', () => {
  it('draws each transition of a message, and no other', () => {
    const [diagram] = codeBlocks(path).filter(({ language }) => language === 'mermaid');
    const drawn = [...(diagram?.text ?? '').matchAll(/^ {2}(\w+)(?:\[.*?\])? -->\|.*?\| (\w+)/gm)];
    const made = Object.entries(transitions).flatMap(([from, next]) => next.map((to) => `${from} ${to}`));
    expect(drawn.map(([, from, to]) => `${from} ${to}`).sort()).toEqual(made.sort());
    for (const state of messageStates) expect(diagram?.text).toContain(state satisfies MessageState);
  });

  it('lists each field of the record', () => {
    const fields = propertiesOf('src/messages/record.ts', 'MessageRecord');
    expect(fields.length).toBeGreaterThan(25);
    expect(firstColumn('## The record').toSorted()).toEqual(fields.toSorted());
  });

  it('lists each event', () => {
    expect(firstColumn('## Events').toSorted()).toEqual(messageEvents.toSorted());
  });

  it('lists each setting of "recording"', () => {
    const settings = propertiesOf('src/messages/settings.ts', 'RecordingSettings');
    const told = firstColumn('## What is kept, and how long');
    expect(told.filter((name) => name !== 'until-sent').toSorted()).toEqual(settings.toSorted());
  });
});
