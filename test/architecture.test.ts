import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allowedImports, house } from '../scripts/house.ts';
import { refusedImports, unusedRules } from '../scripts/imports.ts';
import { listedBackends } from '../scripts/registry.ts';

const root = join(import.meta.dirname, '..');
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
const sources = globSync('src/**/*.ts', { cwd: root });
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const backends = listedBackends(root).map(({ module }) => module.replace('src/', ''));

/** A file of src/, what it imports, and whether that is in keeping with the directions of docs/architecture.md. */
const imports: readonly (readonly [file: string, imported: string, isAllowed: boolean])[] = [
  ['wire/message.ts', '../core/errors.js', false],
  ['wire/new-file.ts', '../client/events.js', false],
  ['wire/new-file.ts', 'node:crypto', false],
  ['wire/new-file.ts', 'zod', false],
  ['wire/new-file.ts', './message.js', true],
  ['core/errors.ts', '../backends/console/index.js', false],
  ['core/redaction.ts', '../service/push-service.js', false],
  ['core/new-file.ts', '../service/runtime.js', false],
  ['core/new-file.ts', '../wire/timers.js', true],
  ['core/errors.ts', '../testing/index.js', false],
  ['core/errors.ts', '../web/body.js', false],
  ['core/schema-check.ts', './redaction.js', true],
  ['core/until-aborted.ts', 'node:timers/promises', true],
  ['web/body.ts', '../webhooks/read.js', false],
  ['web/body.ts', '../http/answers.js', false],
  ['web/body.ts', '../core/errors.js', true],
  ['pusher-protocol/messages.ts', '../backends/registry.js', false],
  ['pusher-protocol/names.ts', '../backends/contract/capabilities.js', false],
  ['pusher-protocol/webhooks.ts', '../webhooks/event.js', false],
  ['pusher-protocol/new-file.ts', '../server/app.js', false],
  ['pusher-protocol/new-file.ts', 'ws', false],
  ['pusher-protocol/signature.ts', 'node:crypto', true],
  ['pusher-protocol/names.ts', '../core/names.js', true],
  ['pusher-protocol/parse-message.ts', '../wire/is-record.js', true],
  ['webhooks/read.ts', '../backends/contract/failure.js', false],
  ['webhooks/new-file.ts', '../backends/contract/wrapper.js', false],
  ['webhooks/read.ts', '../pusher-protocol/signature.js', false],
  ['webhooks/read.ts', '../server/app.js', false],
  ['webhooks/read.ts', '../core/errors.js', true],
  ['webhooks/read.ts', '../web/body.js', true],
  ['webhooks/new-file.ts', '../wire/message.js', true],
  ['sessions/memory.ts', '../backends/contract/wrapper.js', false],
  ['sessions/redis.ts', '../backends/contract/failure.js', false],
  ['sessions/new-file.ts', '../delivery/plan.js', false],
  ['sessions/express.ts', '../http/push-session.js', false],
  ['sessions/user-channels.ts', '../testing/index.js', false],
  ['sessions/user-channels.ts', '../core/errors.js', true],
  ['sessions/redis.ts', './session-data.js', true],
  ['server/app.ts', '../backends/contract/wrapper.js', false],
  ['server/app.ts', '../backends/websocket/index.js', false],
  ['server/server.ts', '../service/push-service.js', false],
  ['server/new-file.ts', '../sessions/adapter.js', false],
  ['server/new-file.ts', '../webhooks/verify.js', false],
  ['server/http-api/endpoints.ts', '../../delivery/deliver.js', false],
  ['server/checked-options.ts', '../webhooks/options.js', true],
  ['server/local-channel.ts', '../pusher-protocol/names.js', true],
  ['server/upgrade.ts', '../web/origins.js', true],
  ['server/server.ts', 'ws', true],
  ['backends/contract/wrapper.ts', '../../service/push-service.js', false],
  ['backends/contract/wrapper.ts', '../../settings/settings.js', false],
  ['backends/contract/request.ts', '../../delivery/plan.js', false],
  ['backends/contract/new-file.ts', '../sdk/peer.js', false],
  ['backends/contract/new-file.ts', '../registry.js', false],
  ['backends/contract/new-file.ts', '../console/index.js', false],
  ['backends/contract/wrapper.ts', '../../sessions/memory.js', true],
  ['backends/contract/wrapper.ts', './capabilities.js', true],
  ['backends/sdk/new-file.ts', '../pusher/index.js', false],
  ['backends/sdk/new-file.ts', '../pusher/new-file.js', false],
  ['backends/sdk/peer.ts', 'pusher', false],
  ['backends/sdk/network-failure.ts', '../contract/failure.js', true],
  ['backends/pusher-compatible/new-file.ts', '../pusher/index.js', false],
  ['backends/pusher-compatible/new-file.ts', '../../server/app.js', false],
  ['backends/pusher-compatible/grants.ts', '../../pusher-protocol/signature.js', true],
  ['backends/pusher-compatible/webhooks.ts', '../../webhooks/verify.js', true],
  ['backends/composite/new-file.ts', '../pusher/index.js', false],
  ['backends/composite/failover.ts', '../../testing/index.js', false],
  ['backends/composite/service.ts', '../../delivery/retry.js', false],
  ['backends/composite/failover.ts', './service.js', true],
  ['backends/composite/service.ts', '../contract/wrapper.js', true],
  ['backends/console/index.ts', '../websocket/index.js', false],
  ['backends/new-backend/index.ts', '../console/index.js', false],
  ['backends/new-backend/index.ts', '../registry.js', false],
  ['backends/new-backend/index.ts', '../load.js', false],
  ['backends/new-backend/index.ts', '../../server/app.js', false],
  ['backends/new-backend/index.ts', '../contract/wrapper.js', true],
  ['backends/new-backend/index.ts', '../sdk/peer.js', true],
  ['backends/new-backend/index.ts', './options.js', true],
  ['backends/pusher/index.ts', '../../server/server.js', false],
  ['backends/pusher/index.ts', '../../testing/index.js', false],
  ['backends/pusher/index.ts', 'pusher', false],
  ['backends/pusher/new-file.ts', 'pusher/lib/pusher.js', false],
  ['backends/pusher/new-file.ts', '../websocket/index.js', false],
  ['backends/pusher/new-file.ts', '../pubnub/options.js', false],
  ['backends/pusher/new-file.ts', '../sdk/answer-error.js', true],
  ['backends/pusher/index.ts', './new-file.js', true],
  ['backends/pusher/index.ts', '../pusher-compatible/service.js', true],
  ['backends/pubnub/webhooks.ts', '../../webhooks/verify.js', true],
  ['backends/pubnub/index.ts', '../../receiving/inbox.js', false],
  ['backends/remote/index.ts', '../console/index.js', false],
  ['backends/remote/index.ts', '../../server/server.js', false],
  ['backends/websocket/index.ts', '../../delivery/deliver.js', false],
  ['backends/websocket/index.ts', '../../service/runtime.js', false],
  ['backends/websocket/index.ts', '../../server/server.js', true],
  ['backends/registry.ts', './console/index.js', true],
  ['backends/load.ts', './contract/wrapper.js', true],
  ['backends/load.ts', '../settings/settings.js', false],
  ['backends/load.ts', '../delivery/plan.js', false],
  ['authorization/rules.ts', '../delivery/plan.js', false],
  ['authorization/rules.ts', '../http/index.js', false],
  ['authorization/rules.ts', '../service/push-service.js', false],
  ['authorization/authorize.ts', '../backends/pusher/index.js', false],
  ['authorization/authorize.ts', '../backends/contract/wrapper.js', true],
  ['authorization/authorize.ts', '../sessions/user-id.js', true],
  ['receiving/inbox.ts', '../service/runtime.js', false],
  ['receiving/inbox.ts', '../testing/index.js', false],
  ['receiving/webhook-intake.ts', '../delivery/deliver.js', false],
  ['receiving/webhook-intake.ts', '../sessions/memory.js', false],
  ['receiving/webhook-intake.ts', '../webhooks/event-id.js', true],
  ['receiving/subscriptions.ts', '../backends/contract/wrapper.js', true],
  ['delivery/deliver.ts', '../service/push-service.js', false],
  ['delivery/plan.ts', '../cli/main.js', false],
  ['delivery/plan.ts', '../testing/index.js', false],
  ['delivery/plan.ts', '../sessions/memory.js', false],
  ['delivery/deliver.ts', '../backends/composite/service.js', false],
  ['delivery/deliver.ts', '../receiving/inbox.js', false],
  ['delivery/plan.ts', '../backends/contract/wrapper.js', true],
  ['settings/settings.ts', '../delivery/plan.js', false],
  ['settings/settings.ts', '../testing/index.js', false],
  ['settings/settings.ts', '../backends/pusher/options.js', false],
  ['settings/settings.ts', '../server/checked-options.js', false],
  ['settings/settings.ts', '../backends/built-in.js', true],
  ['settings/settings.ts', '../backends/contract/wrapper.js', true],
  ['service/push-service.ts', '../http/index.js', false],
  ['service/push-service.ts', '../cli/main.js', false],
  ['service/push-service.ts', '../testing/index.js', false],
  ['service/push-service.ts', '../index.js', false],
  ['service/runtime.ts', '../client/index.js', false],
  ['service/runtime.ts', '../server/server.js', false],
  ['service/runtime.ts', '../backends/websocket/index.js', false],
  ['service/push-service.ts', './runtime.js', true],
  ['service/runtime.ts', '../backends/load.js', true],
  ['service/runtime.ts', '../delivery/deliver.js', true],
  ['http/routes.ts', '../backends/contract/wrapper.js', false],
  ['http/routes.ts', '../client/index.js', false],
  ['http/routes.ts', '../authorization/rules.js', false],
  ['http/push-session.ts', '../backends/contract/capabilities.js', false],
  ['http/push-session.ts', '../testing/index.js', false],
  ['http/push-session.ts', '../delivery/plan.js', false],
  ['http/routes.ts', '../service/push-service.js', true],
  ['http/routes.ts', '../sessions/adapter.js', true],
  ['http/push-session.ts', '../service/push-service.js', true],
  ['index.ts', './client/index.js', false],
  ['index.ts', './cli/main.js', false],
  ['index.ts', './http/index.js', false],
  ['index.ts', './delivery/plan.js', false],
  ['index.ts', './testing/index.js', false],
  ['index.ts', './service/default-service.js', true],
  ['index.ts', './sessions/redis.js', true],
  ['cli/serve.ts', '../testing/index.js', false],
  ['cli/serve.ts', '../delivery/plan.js', false],
  ['cli/serve.ts', '../service/push-service.js', false],
  ['cli/serve.ts', '../index.js', true],
  ['cli/serve.ts', '../backends/websocket/index.js', true],
  ['testing/trial.ts', '../service/push-service.js', false],
  ['testing/trial.ts', '../backends/console/index.js', false],
  ['testing/cases/sending.ts', '../../delivery/plan.js', false],
  ['testing/session-conformance.ts', '../sessions/memory.js', false],
  ['testing/session-conformance.ts', '../index.js', true],
  ['testing/trial.ts', '../index.js', true],
  ['testing/cases/sending.ts', '../../core/errors.js', true],
  ['client/push-client.ts', '../core/errors.js', false],
  ['client/push-client.ts', '../testing/index.js', false],
  ['client/push-client.ts', 'node:crypto', false],
  ['client/push-client.ts', 'zod', false],
  ['client/push-client.ts', 'react', false],
  ['client/push-client.ts', './react.js', false],
  ['client/drivers/pusher/new-file.ts', '../../../core/errors.js', false],
  ['client/drivers/pusher/new-file.ts', '../../../backends/console/index.js', false],
  ['client/drivers/pusher/new-file.ts', 'pusher-js', false],
  ['client/drivers/pusher/new-file.ts', '../../../wire/message.js', true],
  ['client/drivers/pusher/new-file.ts', '../../driver.js', true],
  ['client/push-client.ts', '../wire/message.js', true],
  ['client/push-client.ts', './drivers/index.js', true],
  ['client/react.ts', 'react', true],
  ['client/react.ts', 'react-dom', false],
  ['client/react.ts', './push-client.js', false],
  ['client/react.ts', '../core/errors.js', false],
  ['new-folder/new-file.ts', './other-file.js', false],
  ['new-file.ts', './core/errors.js', false],
  ['core/new-file.ts', '../new-folder/new-file.js', false],
  ...backends.flatMap((file) =>
    backends
      .filter((other) => other.split('/')[1] !== file.split('/')[1])
      .map((other) => [file, `../${other.replace('backends/', '').replace('.ts', '.js')}`, false] as const),
  ),
];

/** As above, for an import of types alone. */
const typeImports: readonly (readonly [file: string, imported: string, isAllowed: boolean])[] = [
  ['core/report.ts', '../wire/message.js', true],
  ['core/report.ts', '../backends/contract/wrapper.js', false],
  ['webhooks/options.ts', '../pusher-protocol/signature.js', true],
  ['delivery/plan.ts', '../sessions/adapter.js', true],
  ['settings/settings.ts', '../sessions/adapter.js', true],
  ['settings/settings.ts', '../backends/pusher/options.js', false],
  ['http/options.ts', '../authorization/requests.js', true],
  ['http/options.ts', '../backends/contract/authorization.js', false],
  ['service/push-service.ts', '../webhooks/event.js', true],
  ['backends/contract/wrapper.ts', '../../webhooks/event.js', true],
  ['backends/pusher/client.ts', 'pusher', false],
  ['server/new-file.ts', '../backends/contract/wrapper.js', false],
  ['server/new-file.ts', '../webhooks/event.js', false],
  ['index.ts', './delivery/plan.js', true],
  ['client/react.ts', './push-client.js', true],
  ['client/react.ts', '../wire/message.js', false],
  ['client/driver.ts', '../core/report.js', false],
  ['wire/message.ts', '../core/report.js', false],
];

describe('the rules of imports', () => {
  const { peerDependencies } = JSON.parse(textOf('package.json')) as { peerDependencies: object };
  const refused = (file: string, text: string): number =>
    refusedImports(file, text, Object.keys(peerDependencies)).length;

  it.each(imports)('let %s import %s: %s', (file, imported, isAllowed) => {
    expect(refused(file, `import { x } from '${imported}';\n`)).toBe(isAllowed ? 0 : 1);
  });

  it.each(typeImports)('let %s import the types of %s: %s', (file, imported, isAllowed) => {
    expect(refused(file, `import type { X } from '${imported}';\n`)).toBe(isAllowed ? 0 : 1);
  });

  it.each([
    ["export { x } from '../backends/console/index.js';"],
    ["export * from '../backends/console/index.js';"],
    ["export type { X } from '../backends/console/index.js';"],
    ["import '../backends/console/index.js';"],
    ["export const x = () => import('../backends/console/index.js');"],
    ["export type X = import('../backends/console/index.js').ConsoleService;"],
    ["import {\n  type X,\n} from '../backends/console/index.js';"],
  ])('see %s', (text) => {
    expect(refused('core/new-file.ts', text)).toBe(1);
  });

  it('take an import for one of types only where nothing is left of it at run time', () => {
    expect(refused('delivery/report.ts', "export type { X } from '../sessions/adapter.js';")).toBe(0);
    expect(refused('delivery/report.ts', "export type X = import('../sessions/adapter.js').SessionAdapter;")).toBe(0);
    expect(refused('delivery/report.ts', "import { type X } from '../sessions/adapter.js';")).toBe(1);
    expect(refused('delivery/report.ts', "export { type X } from '../sessions/adapter.js';")).toBe(1);
  });

  it('say where it is and what is wrong', () => {
    const text = "import type { X } from '../wire/message.js';\n\nimport { deliver } from '../delivery/deliver.js';\n";
    expect(refusedImports('core/errors.ts', text, [])).toEqual([
      { file: 'core/errors.ts', line: 3, reason: 'imports "../delivery/deliver.js", which core may not' },
    ]);
    expect(refusedImports('misc/new-file.ts', '', [])).toEqual([
      { file: 'misc/new-file.ts', line: 1, reason: 'belongs to no part of the house' },
    ]);
  });

  it('lead downwards: each part imports from parts below it', () => {
    const upwards = house.flatMap((part, index) => {
      const below = house.slice(index + 1).map(({ path }) => path);
      return allowedImports(part)
        .map((entry) => entry.replace(' (types)', ''))
        .filter((path) => path !== part.path && !below.some((other) => path === other || path.startsWith(`${other}/`)))
        .map((path) => `${part.path} → ${path}`);
    });
    expect(upwards).toEqual([]);
  });

  it('allow no more than the sources need', () => {
    const texts = sources.map((file) => [file.replaceAll('\\', '/').replace('src/', ''), textOf(file)] as const);
    expect(unusedRules(new Map(texts))).toEqual([]);
  });

  it('tell what nothing needs', () => {
    const texts = new Map([
      ['settings/a.ts', "import { b } from '../backends/load.js';\nimport type { C } from '../sessions/adapter.js';\n"],
      ['sessions/a.ts', "import { b } from './b.js';\n"],
      [
        'receiving/a.ts',
        "import type { B } from '../webhooks/event.js';\nexport * from '../backends/contract/host.js';\n",
      ],
    ]);
    const unused = unusedRules(texts);
    expect(unused.filter((rule) => rule.startsWith('settings'))).toEqual([
      'settings → backends/contract',
      'settings → delivery (types)',
      'settings → messages (types)',
      'settings → messages/states.ts',
      'settings → queues (types)',
    ]);
    expect(unused.filter((rule) => rule.startsWith('receiving'))).toEqual(['receiving → webhooks (types)']);
    expect(unused).toContain('delivery → sessions (types)');
  });

  it('are shown by files that are there, or are new', () => {
    const paths = [...imports, ...typeImports].flatMap(([file, imported]) =>
      imported.startsWith('.') ? [file, join(dirname(file), imported).replace(/\.js$/, '.ts')] : [file],
    );
    const isNew = (path: string): boolean => path.split('/').some((name) => name.startsWith('new-'));
    expect(paths.filter((path) => !isNew(path) && !existsSync(join(root, 'src', path)))).toEqual([]);
  });

  it('have no part that is not there', () => {
    const files = (path: string): string[] =>
      globSync(path.endsWith('.ts') ? path : `${path}/**/*.ts`, { cwd: join(root, 'src') });
    expect(house.filter(({ path }) => files(path).length === 0)).toEqual([]);
  });
});

describe('the linter', () => {
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
  it('has an entry and folders at its root', () => {
    const files = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    expect(files.map(({ name }) => name)).toEqual(['index.ts']);
  });

  it('has no file over 300 lines', () => {
    expect(sources.filter((file) => textOf(file).trimEnd().split('\n').length > 300)).toEqual([]);
  });

  it('has no line of a comment that ends past column 120', () => {
    const isLong = (line: string): boolean => line.length > 120 && /^ *(?:\/\/|\*|\/\*)/.test(line);
    expect(sources.filter((file) => textOf(file).split('\n').some(isLong))).toEqual([]);
  });

  it('has files that are worth opening: the median is between 60 and 110 lines', () => {
    const lengths = sources.map((file) => textOf(file).trimEnd().split('\n').length).sort((a, b) => a - b);
    const median = lengths[Math.floor(lengths.length / 2)];
    expect(median).toBeGreaterThanOrEqual(60);
    expect(median).toBeLessThanOrEqual(110);
  });

  it('has no file or folder that is named after nothing', () => {
    expect(sources.filter((file) => /util|helper|manager|common|misc/i.test(file))).toEqual([]);
  });

  it('has an entry that only passes on what others export', () => {
    const entry = textOf('src/index.ts').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const reExport = /export (?:type )?(?:\{[^}]*\}|\*) from '[^']+';/g;
    expect(entry.replaceAll(reExport, '').trim()).toBe('');
  });

  it('lists each backend in the registry', () => {
    const folders = globSync('src/backends/*/index.ts', { cwd: root }).map((file) => file.replace('src/', ''));
    expect(backends.filter((file) => basename(file) === 'index.ts').sort()).toEqual(folders.sort());
    const classes = globSync('src/backends/composite/*.ts', { cwd: root })
      .filter((file) => /^export class \w+Service extends /m.test(textOf(file)))
      .map((file) => file.replace('src/', ''));
    expect(backends.filter((file) => basename(file) !== 'index.ts').sort()).toEqual(classes.sort());
  });

  it('is listed in package.json: each backend and session adapter is an entry, and each entry a file', () => {
    const { exports } = JSON.parse(textOf('package.json')) as {
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
    const sessions = sources.filter(
      (file) => file.startsWith('src/sessions/') && /^export function (\w+Sessions|userChannels)\b/m.test(textOf(file)),
    );
    const drivers = [...listedBackends(root).map(({ module }) => module), ...sessions];
    const driverEntries = entries
      .map(([, file]) => file ?? '')
      .filter((file) => /^src\/(backends|sessions)\//.test(file));
    expect(driverEntries.sort()).toEqual(drivers.sort());
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
