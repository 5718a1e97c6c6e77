import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listedBackends } from '../../scripts/registry.ts';
import { isComposite } from '../../src/backends/built-in.js';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import * as entry from '../../src/index.js';
import { createPushService, type PushServerSettings } from '../../src/index.js';
import { closeCode } from '../../src/pusher-protocol/messages.js';
import { checkOptions } from '../../src/server/checked-options.js';
import { cutReasons } from '../../src/server/metrics/counters.js';

const names = listedBackends(join(import.meta.dirname, '../..')).map(({ name }) => name);

/** The rows of the table under a heading, as cells without their back-ticks. */
function table(document: string, heading: string): readonly (readonly string[])[] {
  return tableWithHead(document, heading).slice(2);
}

/** As {@link table}, with the two rows of its head. */
function tableWithHead(document: string, heading: string): readonly (readonly string[])[] {
  const text = readFileSync(join(import.meta.dirname, '../..', document), 'utf8');
  const [, section = ''] = `\n${text}`.split(`\n${heading}\n`);
  const rows = section
    .split(/\n## /)[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| '));
  return (rows ?? []).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
}

/** A capability as the table shows it. */
function cell(can: unknown): string {
  if (typeof can === 'boolean') return can ? 'yes' : '';
  return can === Number.POSITIVE_INFINITY ? 'any' : String(can).replace(/(?<=\d)(?=(?:\d{3})+$)/g, ' ');
}

describe('the documentation', () => {
  it('lists each option of the websocket backend with its default', () => {
    const defaults = checkOptions({}) as Record<string, unknown>;
    const rows = table('docs/backends/websocket.md', '## Options');
    const withDefault = rows.flatMap(([name = '', shown = '']) => {
      const value = shown.replaceAll(/(?<=\d) (?=\d)/g, '');
      return value === String(defaults[name]) ? [name] : [];
    });
    const named = Object.keys(defaults).filter((name) => defaults[name] !== Number.MAX_SAFE_INTEGER);
    expect(withDefault.sort()).toEqual(named.sort());
    const sources = ['server/options.ts', 'pusher-protocol/publish-limits.ts'].map((file) =>
      readFileSync(join(import.meta.dirname, '../../src', file), 'utf8'),
    );
    const declared = sources.join('\n').match(/^export interface \w*(?:Limits|Options) [\s\S]*?^}/gm) ?? [];
    expect(rows.map(([name]) => name).sort()).toEqual(
      declared.flatMap((text) => [...text.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name)).sort(),
    );
  });

  it('lists each limit that an application of the websocket backend may have of its own', () => {
    const document = readFileSync(join(import.meta.dirname, '../../docs/backends/websocket.md'), 'utf8');
    const list = /own then: ([^.]*)\./.exec(document)?.[1] ?? '';
    const app = { appId: 'b', pubKey: 'b', secretKey: 'b' };
    const [checked] = checkOptions({ allowedOrigins: ['*'], apps: [app] }).apps ?? [];
    expect(list.match(/\w+/g)?.sort()).toEqual(Object.keys(checked?.limits ?? {}).sort());
  });

  it('tells of each code that the embedded server closes a connection with', () => {
    const told = table('docs/backends/websocket.md', '## Why a connection ends').flatMap(([codes = '']) =>
      codes.split(', '),
    );
    expect(
      told
        .filter((code) => code.startsWith('4'))
        .map(Number)
        .sort(),
    ).toEqual(Object.values(closeCode).sort());
  });

  it('lists each figure of the embedded server, with the reasons that connections are cut for', () => {
    const { api } = new WebSocketService({ appId: '1', pubKey: 'key', secretKey: 'secret' });
    const rows = table('docs/backends/websocket.md', '## Health and figures').filter(([name = '']) =>
      /^[a-z_, ]+$/.test(name),
    );
    const named = [...api.metrics().matchAll(/^# TYPE pushrail_(\w+)/gm)].map(([, name]) => name);
    expect(rows.flatMap(([names = '']) => names.split(', '))).toEqual(named);
    const [, told = ''] = rows.find(([name]) => name === 'connections_cut_total') ?? [];
    for (const reason of cutReasons) expect(told).toMatch(new RegExp(`\\b${reason}\\b`));
  });

  it('lists each built-in backend', () => {
    const named = table('README.md', '## Backends').map(([name = '']) => /'(\w+)'/.exec(name)?.[1]);
    expect(named.filter((name) => name !== undefined)).toEqual(names);
  });

  it.each([
    ['docs/README.md', '## Backends', 0],
    ['docs/backends/README.md', '# Choosing a backend', 1],
  ])('names each built-in backend in %s', (document, heading, column) => {
    const told = table(document, heading).flatMap((row) => row[column]?.match(/\w+/g) ?? []);
    expect(names.filter((name) => !told.includes(name))).toEqual([]);
  });

  it('tells what each backend can do, as its capabilities do', () => {
    const [[, ...columns] = [], , ...rows] = tableWithHead('docs/backends/README.md', '## What each can do');
    expect(columns.toSorted()).toEqual(names.filter((name) => !isComposite(name)).toSorted());
    const shown = new Map(
      columns.map((name, index) => [
        name,
        Object.fromEntries(rows.map(([what = '', ...cells]) => [what.split(':')[0], cells[index]])),
      ]),
    );
    const credentials = { appId: randomUUID(), pubKey: 'public', subKey: 'subscribe', secretKey: 'secret' };
    for (const [name, cells] of shown) {
      const { capabilities } = createPushService({ backend: name, ...credentials } as PushServerSettings).backend;
      const { channelName, eventName, sharesRequest, keepsOrder, isPublic, isDebug, ...rest } = capabilities;
      expect([name, cells]).toEqual([
        name,
        Object.fromEntries(Object.entries(rest).map(([key, can]) => [key, cell(can)])),
      ]);
    }
  });

  it('lists each class of errors with its code', () => {
    const classes = Object.values(entry).filter(
      (value): value is typeof entry.ValidationError =>
        typeof value === 'function' && value.prototype instanceof entry.PushError,
    );
    const told = table('docs/errors.md', '## The classes').map(([name, code]) => `${name} ${code}`);
    expect(told.sort()).toEqual(
      classes
        .map((ErrorClass) => `${ErrorClass.name} ${new ErrorClass('', { outcome: 'rejected' } as object).code}`)
        .sort(),
    );
  });
});
