import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
const sources = globSync('src/**/*.ts', { cwd: root });

/** The files that hold a backend or a session adapter. */
const drivers = sources.filter(
  (file) =>
    /^src\/(backends|sessions)\/[^/]+\.ts$/.test(file) &&
    /^export (class \w+ extends (PushServiceWrapper|ChannelsService|CompositeService|OneOfService)|function \w+Sessions|function userChannels)\b/m.test(
      readFileSync(join(root, file), 'utf8'),
    ),
);
const backends = drivers.filter((file) => file.startsWith('src/backends/'));

/** A file, what it imports, and whether that is in keeping with the directions of docs/architecture.md. */
const imports: readonly (readonly [file: string, imported: string, isAllowed: boolean])[] = [
  ['src/errors.ts', './backends/console.js', false],
  ['src/redaction.ts', './push-service.js', false],
  ['src/new-core.ts', './runtime.js', false],
  ['src/schema-check.ts', './spelling.js', true],
  ['src/sessions/memory-sessions.ts', '../backends/push-service-wrapper.js', false],
  ['src/sessions/new-sessions.ts', '../delivery/plan.js', false],
  ['src/sessions/user-channels.ts', '../errors.js', true],
  ['src/webhooks/new-file.ts', '../backends/push-service-wrapper.js', false],
  ['src/webhooks/new-file.ts', '../message.js', true],
  ['src/channels/channel-rules.ts', '../delivery/plan.js', false],
  ['src/channels/channel-rules.ts', '../http/index.js', false],
  ['src/channels/channel-rules.ts', '../push-service.js', false],
  ['src/channels/authorizer.ts', '../backends/push-service-wrapper.js', true],
  ['src/http/routes.ts', '../backends/push-service-wrapper.js', false],
  ['src/http/routes.ts', '../runtime.js', false],
  ['src/http/routes.ts', '../client/index.js', false],
  ['src/http/routes.ts', '../push-service.js', true],
  ['src/http/routes.ts', '../sessions/session-adapter.js', true],
  ['src/push-service.ts', './http/index.js', false],
  ['src/sessions/redis-sessions.ts', '../backends/failure.js', false],
  ['src/sessions/redis-sessions.ts', './redis-client.js', true],
  ['src/sessions/express-sessions.ts', '../http/push-session.js', false],
  ['src/http/push-session.ts', '../push-service.js', true],
  ['src/http/push-session.ts', '../sessions/session-adapter.js', true],
  ['src/http/push-session.ts', '../backends/capabilities.js', false],
  ['src/http/push-session.ts', '../runtime.js', false],
  ['src/http/push-session.ts', '../testing/index.js', false],
  ['src/testing/session-conformance.ts', '../sessions/memory-sessions.js', false],
  ['src/testing/session-conformance.ts', '../index.js', true],
  ['src/channels-protocol/messages.ts', '../backends/load.js', false],
  ['src/channels-protocol/names.ts', '../backends/capabilities.js', false],
  ['src/channels-protocol/names.ts', '../name-rule.js', true],
  ['src/channels-protocol/webhooks.ts', '../webhooks/webhook-event.js', false],
  ['src/webhooks/read-webhook.ts', '../backends/failure.js', false],
  ['src/webhooks/read-webhook.ts', '../channels-protocol/signature.js', false],
  ['src/webhooks/read-webhook.ts', '../errors.js', true],
  ['src/receiving/webhooks.ts', '../webhooks/read-webhook.js', true],
  ['src/backends/pubnub/parse-webhook.ts', '../../webhooks/shared-secret.js', true],
  ['src/backends/console.ts', './websocket/server.js', false],
  ['src/backends/new-backend.ts', './console.js', false],
  ['src/backends/websocket/server.ts', '../console.js', false],
  ['src/backends/websocket/server.ts', '../../delivery/deliver.js', false],
  ['src/backends/pusher.ts', './websocket/server.js', false],
  ['src/backends/pusher/new-file.ts', '../websocket/server.js', false],
  ['src/backends/pusher/new-file.ts', '../pubnub.js', false],
  ['src/backends/pusher/new-file.ts', '../http/answer-error.js', true],
  ['src/backends/pusher.ts', './pusher/new-file.js', true],
  ['src/backends/pusher.ts', './channels/channels-service.js', true],
  ['src/backends/composite/new-file.ts', '../pusher.js', false],
  ['src/backends/http/new-file.ts', '../pusher/new-file.js', false],
  ['src/backends/push-service-wrapper.ts', '../push-service.js', false],
  ['src/backends/push-service-wrapper.ts', '../settings/settings.js', false],
  ['src/backends/push-service-wrapper.ts', '../sessions/memory-sessions.js', true],
  ['src/backends/load.ts', './console.js', true],
  ['src/settings/settings.ts', '../delivery/plan.js', false],
  ['src/settings/settings.ts', '../backends/load.js', true],
  ['src/delivery/deliver.ts', '../push-service.js', false],
  ['src/delivery/plan.ts', '../cli/main.js', false],
  ['src/delivery/plan.ts', '../backends/push-service-wrapper.js', true],
  ['src/receiving/inbox.ts', '../runtime.js', false],
  ['src/client/push-client.ts', '../errors.js', false],
  ['src/client/pusher/new-file.ts', '../../errors.js', false],
  ['src/client/pusher/new-file.ts', '../../backends/console.js', false],
  ['src/client/pusher/new-file.ts', '../../message.js', true],
  ['src/client/pusher/new-file.ts', '../driver.js', true],
  ['src/client/pusher-driver.ts', './pusher/new-file.js', true],
  ['src/client/push-client.ts', 'node:crypto', false],
  ['src/client/push-client.ts', 'zod', false],
  ['src/client/push-client.ts', '../message.js', true],
  ['src/client/push-client.ts', './driver.js', true],
  ['src/client/push-client.ts', 'react', false],
  ['src/client/react.ts', 'react', true],
  ['src/client/react.ts', './push-client.js', true],
  ['src/client/react.ts', 'react-dom', false],
  ['src/client/react.ts', '../errors.js', false],
  ['src/push-service.ts', './cli/main.js', false],
  ['src/runtime.ts', './client/index.js', false],
  ['src/push-service.ts', './runtime.js', true],
  ['src/push-service.ts', './testing/index.js', false],
  ['src/errors.ts', './testing/index.js', false],
  ['src/backends/pusher.ts', '../testing/index.js', false],
  ['src/backends/failover.ts', '../testing/index.js', false],
  ['src/delivery/plan.ts', '../testing/index.js', false],
  ['src/sessions/user-channels.ts', '../testing/index.js', false],
  ['src/settings/settings.ts', '../testing/index.js', false],
  ['src/receiving/inbox.ts', '../testing/index.js', false],
  ['src/client/push-client.ts', '../testing/index.js', false],
  ['src/cli/serve.ts', '../testing/index.js', false],
  ['src/cli/serve.ts', '../push-service.js', true],
  ['src/testing/trial.ts', '../push-service.js', false],
  ['src/testing/trial.ts', '../backends/console.js', false],
  ['src/testing/cases/sending.ts', '../../delivery/plan.js', false],
  ['src/testing/trial.ts', '../index.js', true],
  ['src/testing/cases/sending.ts', '../../errors.js', true],
  ...backends.flatMap((file) =>
    backends.filter((other) => other !== file).map((other) => [file, `./${basename(other, '.ts')}.js`, false] as const),
  ),
];

describe('the linter', () => {
  const tree = mkdtempSync(join(tmpdir(), 'pushrail-architecture-'));
  /** `file:line` of each import that was refused. */
  let refused: readonly string[];
  const files = new Map<string, string[]>();

  beforeAll(() => {
    for (const [file, imported] of imports) files.set(file, [...(files.get(file) ?? []), imported]);
    cpSync(join(root, 'biome.json'), join(tree, 'biome.json'));
    for (const [file, names] of files) {
      mkdirSync(join(tree, dirname(file)), { recursive: true });
      writeFileSync(join(tree, file), names.map((name) => `import '${name}';\n`).join(''));
    }
    refused = lint(tree)
      .filter(({ category }) => category === 'lint/style/noRestrictedImports')
      .map(({ location }) => `${location.path}:${location.start.line}`);
  });

  afterAll(() => rmSync(tree, { recursive: true }));

  it.each(imports)('lets %s import %s: %s', (file, imported, isAllowed) => {
    const line = (files.get(file) ?? []).indexOf(imported) + 1;
    expect(refused.includes(`${file}:${line}`)).toBe(!isAllowed);
  });

  it('refuses cycles, also of types alone', () => {
    const cycle = mkdtempSync(join(tmpdir(), 'pushrail-cycle-'));
    cpSync(join(root, 'biome.json'), join(cycle, 'biome.json'));
    writeFileSync(join(cycle, 'a.ts'), "import type { B } from './b.js';\nexport type A = B;\n");
    writeFileSync(join(cycle, 'b.ts'), "import type { A } from './a.js';\nexport type B = A | string;\n");
    const found = lint(cycle).filter(({ category }) => category === 'lint/suspicious/noImportCycles');
    expect(found.map(({ location }) => location.path).sort()).toEqual(['a.ts', 'b.ts']);
    rmSync(cycle, { recursive: true });
  });
});

describe('the source', () => {
  it('has no file over 300 lines', () => {
    const long = sources.filter((file) => readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length > 300);
    expect(long).toEqual([]);
  });

  it('has a median of under 100 lines a file', () => {
    const lengths = sources
      .map((file) => readFileSync(join(root, file), 'utf8').split('\n').length)
      .sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThan(100);
  });

  it('has no file that is named after nothing', () => {
    expect(sources.filter((file) => /util|helper|manager|common|misc/i.test(basename(file)))).toEqual([]);
  });

  it('has an entry that only passes on what others export', () => {
    const entry = readFileSync(join(root, 'src/index.ts'), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const reExport = /export (?:type )?(?:\{[^}]*\}|\*) from '[^']+';/g;
    expect(entry.replaceAll(reExport, '').trim()).toBe('');
  });

  it('is listed in package.json: each backend and session adapter is an entry, and each entry a file', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, string | { types: string; default: string }>;
    };
    const entries = Object.entries(exports).flatMap(([name, target]) =>
      typeof target === 'string'
        ? []
        : [[name, target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'), target.types]],
    );
    for (const [, file, types] of entries) {
      expect(sources).toContain(file);
      expect(types).toBe(`./dist/${file?.replace('src/', '').replace(/\.ts$/, '.d.ts')}`);
    }
    const driverEntries = entries
      .map(([, file]) => file ?? '')
      .filter((file) => /^src\/(backends|sessions)\//.test(file));
    expect(driverEntries.sort()).toEqual([...drivers].sort());
  });
});

interface Diagnostic {
  readonly category: string;
  readonly location: { readonly path: string; readonly start: { readonly line: number } };
}

function lint(directory: string): readonly Diagnostic[] {
  const args = [biome, 'lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8' });
  return (JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] }).diagnostics;
}
