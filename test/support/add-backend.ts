import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The files of a backend "pigeon": its folder and its tests. */
const files: Readonly<Record<string, string>> = {
  'src/backends/pigeon/options.ts': `import * as z from 'zod/mini';
import { settingsCheck } from '../../core/schema-check.js';

export interface PigeonOptions {
  /** Where it comes home to. @default 'roof' */
  loft?: string | undefined;
}

export const checkOptions: (options: unknown) => PigeonOptions = settingsCheck("The pigeon backend's options", () =>
  z.strictObject({ loft: z.optional(z.string()) }),
);
`,
  'src/backends/pigeon/index.ts': `import type { OutgoingMessage } from '../../wire/message.js';
import type { AboutBackend } from '../contract/about.js';
import { PushServiceWrapper } from '../contract/wrapper.js';
import type { BackendSettings } from '../contract/settings.js';
import { checkOptions, type PigeonOptions } from './options.js';

export type { PigeonOptions } from './options.js';

export class PigeonService extends PushServiceWrapper<string[], PigeonOptions> {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'pigeons',
    needs: 'a loft',
    dsnAccount: 'subKey',
    clientDriver: 'pusher',
  };

  readonly loft: string;

  constructor(settings: BackendSettings<PigeonOptions> = {}) {
    super(settings);
    this.loft = checkOptions(this.options).loft ?? 'roof';
    this.api = [];
  }

  override get name(): string {
    return 'pigeon';
  }

  protected async sendData(channel: string, { event }: OutgoingMessage): Promise<void> {
    this.api.push(\`\${this.subKey} \${this.loft}: \${channel} \${event}\`);
  }
}
`,
  'test/backends/pigeon/pigeon.test.ts': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PigeonService } from '../../../src/backends/pigeon/index.ts';
import { createPushService, type PushServerSettings } from '../../../src/index.ts';

test('a pigeon that settings name', async () => {
  const push = createPushService({ backend: 'pigeon', subKey: 'grey', options: { loft: 'barn' } });
  const backend: PigeonService = push.backend;
  await push.send({ event: 'e', channels: ['a', 'b'], data: null });
  assert.deepEqual(backend.api, ['grey barn: a e', 'grey barn: b e']);
  await push.close();
});

test('a pigeon that a DSN names, alone and within a composite', async () => {
  const push = createPushService('pigeon://:secret@white?loft=tower');
  await push.send({ event: 'e', channels: 'a', data: null });
  assert.deepEqual(push.backend.api, ['white tower: a e']);
  await push.close();
  const { api } = createPushService('failover(pigeon://@white console:)').backend;
  assert.ok(Array.isArray(api) && api[0] instanceof PigeonService);
});

test('a pigeon whose settings are wrong', () => {
  const settings: readonly PushServerSettings[] = [
    { backend: 'fanout', options: { backends: [{ backend: 'pigeon', options: { loft: 'barn' } }, 'console:'] } },
    // @ts-expect-error an option of another backend
    { backend: 'pigeon', options: { cluster: 'eu' } },
    // @ts-expect-error a name that is not in the registry
    { backend: 'pidgeon' },
  ];
  const [first, second, third] = settings.map((wrong) => () => createPushService(wrong));
  first?.();
  assert.throws(second ?? assert.fail, /unknown key "cluster"/);
  assert.throws(third ?? assert.fail, /"pigeon".* \\(did you mean "pigeon"\\?\\)/);
});
`,
};

const line = "export { PigeonService as pigeon } from './pigeon/index.js';\n";

/**
 * Adds a backend to a tree of the sources, as somebody would who follows CONTRIBUTING.md.
 * @returns the files that it touched
 */
export function addBackend(tree: string): readonly string[] {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  const registry = 'src/backends/registry.ts';
  appendFileSync(join(tree, registry), line);
  return [...Object.keys(files), registry];
}
