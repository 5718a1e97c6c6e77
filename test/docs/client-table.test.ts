import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PushClientErrorCode } from '../../src/client/index.js';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The first cells of the table whose head has the given first cell: all the names in them. */
function namesIn(head: string): readonly string[] {
  const [, table = ''] = read('docs/client.md').split(`\n| ${head} |`);
  const rows = table.split('\n').slice(2);
  const end = rows.findIndex((row) => !row.startsWith('|'));
  return rows
    .slice(0, end)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
}

/** The keys of an interface in a file. */
function keysOf(name: string, file: string): readonly string[] {
  const [, text = ''] = read(file).split(new RegExp(`export interface ${name} [^{]*{\n`));
  return [...(text.split('\n}')[0] ?? '').matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, key = '']) => key);
}

describe('the documentation of the client', () => {
  it('lists each option', () => {
    const options = [
      ...keysOf('PushClientOptions', 'src/client/push-client.ts'),
      ...keysOf('PusherDriverOptions', 'src/client/drivers/pusher/index.ts'),
      ...keysOf('PubNubDriverOptions', 'src/client/drivers/pubnub/index.ts'),
      ...keysOf('OneSignalDriverOptions', 'src/client/drivers/onesignal/index.ts'),
    ];
    expect([...namesIn('option')].sort()).toEqual([...new Set(options)].sort());
  });

  it('lists each option of auth', () => {
    expect(namesIn('option of `auth`')).toEqual(keysOf('AuthOptions', 'src/client/authorizer.ts'));
  });

  it('lists each code of an error', () => {
    const codes: Record<PushClientErrorCode, true> = {
      CONFIGURATION: true,
      SUBSCRIPTION: true,
      SIGN_IN: true,
      CONNECTION: true,
      UNSUPPORTED_OPERATION: true,
      FALLBACK: true,
    };
    expect(namesIn('`code`')).toEqual(Object.keys(codes));
  });
});
