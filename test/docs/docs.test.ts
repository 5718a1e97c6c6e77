import { spawn } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build, type Loader, transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBrowser } from '../e2e/setup.js';
import { withMysql } from '../support/mysql.js';
import { freePort } from '../support/ports.js';
import { withPostgres } from '../support/postgres.js';
import { findRedis } from '../support/redis.js';
import { checkConfiguration } from './configurations.js';
import { type CodeBlock, codeBlocks } from './document.js';
import { openPage } from './page-in-browser.js';
import { typeErrors } from './type-check.js';

// Every code block of README.md, CONTRIBUTING.md, docs/ and examples/ is run, in the order of its document:
// - js, ts: run as a program of its own, on the built package; what it prints must equal the text block that follows. A block that
//   is named by a comment `<!-- file: name -->` is written to that file, for later blocks of the document to import; one must.
// - ts: type-checked as well, all in one run of tsc, each block as a project of its own.
// - On Node 22, `await using` is taken out of js and ts first.
// - sh: run line by line with the command of this package; the text block that follows is compared as well, but for ids and
//   times. A PUSH_SERVER that a line exports must make a service. A line `npm install …` is not run here: those of the two commands in the README are run by
//   .ci/run, and the names of packages are held against package.json. Nor is `node server.mjs`: quick-start.test.ts runs it.
// - jsx: bundled and run. test/e2e/react-guide.test.ts opens a page with it.
// - html: opened in a browser, against the server.js of its document.
// - A block that names REDIS_URL gets a server there. Where none is to be had it is skipped, and with CI=true fails.
// - A block that names DATABASE_URL gets a database in PostgreSQL there, which all blocks share; one that names
//   MYSQL_URL, in MariaDB.
// - json: parsed.
// - yaml, nginx, caddy, ini, dockerfile: settings of other programs; their form is checked, and what they say of the embedded server.
// - mermaid: drawn where the document is read; its nodes and arrows are parsed.
// Any other block fails the test.

const root = join(import.meta.dirname, '../..');
// What the documents run at 8080 runs at a free port here: another program may have that one.
const port = await freePort();
const redis = await findRedis();
const database = withPostgres();
const mysql = withMysql();
const documents = ['README.md', 'CONTRIBUTING.md', ...globSync('{docs,examples}/**/*.md', { cwd: root }).sort()]
  .map((document) => ({ document, blocks: codeBlocks(join(root, document)).map(onPort(port)) }))
  .filter(({ blocks }) => blocks.length > 0);
const {
  name: packageName,
  scripts,
  peerDependencies,
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  name: string;
  scripts: Record<string, string>;
  peerDependencies: Record<string, string>;
};

// Inside the repository, so that the package finds itself by its name and the blocks find the packages that they import.
const workshop = mkdtempSync(join(import.meta.dirname, '.run-'));
const bin = join(workshop, 'bin');

const browser = useBrowser();
let errorsByBlock: ReadonlyMap<CodeBlock, readonly string[]>;

beforeAll(async () => {
  errorsByBlock = await checkTypes();
  mkdirSync(bin);
  symlinkSync(join(root, 'dist/cli/main.js'), join(bin, 'pushrail'));
});

afterAll(async () => {
  rmSync(workshop, { recursive: true, force: true });
  await redis?.close();
});

describe.each(documents)('$document', ({ document, blocks }) => {
  const directory = join(workshop, document.replaceAll(/\W/g, '-'));

  beforeAll(() => makeProject(directory));

  it.each(blocks.map((block) => ({ at: `line ${block.line}`, block })))('runs the block at $at', async ({ block }) => {
    if (redis === undefined && process.env['CI'] !== 'true' && block.text.includes('REDIS_URL')) {
      console.warn(
        `NOT TESTED: ${document}:${block.line}. No Redis server answers, and redis-server is not installed.`,
      );
      return;
    }
    await runBlock(block, directory);
  });

  it('has a use for each file that it names', () => {
    const unused = blocks.filter(
      ({ file, line }) =>
        file !== undefined && !blocks.some((later) => later.line > line && later.text.includes(basename(file))),
    );
    expect(unused.map(({ file }) => file)).toEqual([]);
  });
});

function makeProject(directory: string): void {
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  // The package by its name: a package.json of its own hides that of the repository.
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(root, join(directory, 'node_modules', packageName));
}

function onPort(port: number): (block: CodeBlock) => CodeBlock {
  return (block) => ({ ...block, text: block.text.replaceAll(/\b8080\b/g, String(port)) });
}

async function runBlock(block: CodeBlock, directory: string): Promise<void> {
  switch (block.language) {
    case 'js':
    case 'ts':
      return runProgram(block, directory);
    case 'jsx':
      return runJsx(block, directory);
    case 'sh':
      return runShell(block, directory);
    case 'html':
      return openPage(browser(), block.text, directory);
    case 'mermaid':
      return checkDiagram(block);
    case 'json':
      return void JSON.parse(block.text);
    case 'yaml':
    case 'nginx':
    case 'caddy':
    case 'ini':
    case 'dockerfile':
      return checkConfiguration(block);
    default:
      throw new Error(`Line ${block.line}: nothing here runs a block of the language "${block.language}".`);
  }
}

async function runProgram(block: CodeBlock, directory: string): Promise<void> {
  if (block.language === 'ts') expect(errorsByBlock.get(block)).toEqual([]);
  const path = writeBlock(block, directory);
  if (!knowsUsing) writeFileSync(path, lowered(block));
  if (block.file !== undefined) return;
  const flags = block.language === 'ts' ? ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'] : [];
  expect(await output(process.execPath, [...flags, path], directory)).toBe(block.prints ?? '');
}

/** Bundles a block in JSX with the files that it imports, and runs it. */
async function runJsx(block: CodeBlock, directory: string): Promise<void> {
  const path = writeBlock(block, directory);
  if (block.file !== undefined) return;
  const outfile = `${path}.mjs`;
  await build({ entryPoints: [path], outfile, bundle: true, packages: 'external', format: 'esm', jsx: 'automatic' });
  expect(await output(process.execPath, [outfile], directory)).toBe(block.prints ?? '');
}

const knowsUsing = Number.parseInt(process.versions.node, 10) >= 24;

/** Without `await using`, which Node 22 does not know: TypeScript and bundlers take it out of an application there. */
function lowered({ text, language }: CodeBlock): string {
  return /\bawait using\b/.test(text)
    ? transformSync(text, { loader: language as Loader, target: 'node22' }).code
    : text;
}

/** Writes a block to its file. @returns the path of the file */
function writeBlock(block: CodeBlock, directory: string): string {
  const path = join(directory, block.file ?? `block-${block.line}.${block.language}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, block.text);
  return path;
}

/**
 * Checks all blocks in TypeScript at once, apart from where they run: there, none may see a file that comes later in its
 * document. @returns what tsc says of each block
 */
async function checkTypes(): Promise<ReadonlyMap<CodeBlock, readonly string[]>> {
  const paths = new Map<CodeBlock, string>();
  for (const [index, { blocks }] of documents.entries()) {
    const directory = join(workshop, `types-${index}`);
    makeProject(directory);
    for (const block of blocks.filter(({ language, file }) => language === 'ts' || file !== undefined)) {
      const path = writeBlock(block, directory);
      if (block.language === 'ts') paths.set(block, path);
    }
  }
  const errors = await typeErrors([...paths.values()], workshop);
  return new Map([...paths].map(([block, path]) => [block, errors.get(path) ?? []]));
}

async function runShell(block: CodeBlock, directory: string): Promise<void> {
  const lines = block.text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  expect(lines.length).toBeGreaterThan(0);
  // A server runs until it is stopped: quick-start.test.ts starts it.
  const run = lines.filter((line) => line !== 'node server.mjs');
  let printed = '';
  for (const line of run) {
    const install = /^npm install(?: (?<names>[\w./@ -]+))?(?: && npm (?:run )?(?<script>\w+))?$/.exec(line)?.groups;
    if (install === undefined) {
      const command = line.startsWith('export PUSH_SERVER=')
        ? `${line}; node --input-type=module -e "${makeService}"`
        : line;
      printed += await output('bash', ['-euo', 'pipefail', '-c', command], directory);
      continue;
    }
    const names = install['names']?.split(' ') ?? [];
    expect([packageName, ...Object.keys(peerDependencies)]).toEqual(expect.arrayContaining(names));
    if (install['script'] !== undefined) expect(Object.keys(scripts)).toContain(install['script']);
  }
  if (block.prints !== undefined && run.length > 0) expect(alike(printed)).toBe(alike(block.prints));
}

/** What a command prints, without what differs from run to run: ids, times, and how long ago or how long it was. */
function alike(printed: string): string {
  return printed
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\(\d+[smh] ago\)/g, '(AGO)')
    .replaceAll(/^\d+[smh] {2,}/gm, 'AGE  ')
    .replaceAll(/ \d+[smh]( {2,}\w+ {2,}\w+ )/g, ' AGE$1')
    .replaceAll(/ in \d+\.\d s\b/g, ' in SECONDS');
}

const makeService = `
  import { createPushService } from '${packageName}';
  await createPushService(process.env.PUSH_SERVER).close();
`;

function checkDiagram({ text }: CodeBlock): void {
  const [first = '', ...lines] = text.trimEnd().split('\n');
  expect(first).toMatch(/^flowchart (LR|TD)$/);
  for (const line of lines)
    expect(line).toMatch(/^ {2}\w+(\[\(?"[^"]+"\)?\])? (-->|-\.->)(\|[^|]+\|)? \w+(\[\(?"[^"]+"\)?\])?$/);
}

/** Runs a program and returns what it prints; it must end by itself, with 0, in time. */
function output(file: string, args: readonly string[], directory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const environment: NodeJS.ProcessEnv = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, NO_COLOR: '1' };
    delete environment['FORCE_COLOR'];
    delete environment['PUSH_SERVER'];
    delete environment['PUSHER_URL'];
    delete environment['PUSH_MESSAGES'];
    if (redis !== undefined) environment['REDIS_URL'] = redis.url;
    // Node 22 warns of its SQLite.
    environment['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --disable-warning=ExperimentalWarning`;
    environment['DATABASE_URL'] = database.url();
    environment['MYSQL_URL'] = mysql.url();
    const child = spawn(file, args, {
      cwd: directory,
      env: environment,
      timeout: 15_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    let complained = '';
    child.stdout.on('data', (chunk) => (printed += chunk));
    child.stderr.on('data', (chunk) => (complained += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${args.join(' ')} ended with ${code ?? signal}:\n${printed}${complained}`));
    });
  });
}
