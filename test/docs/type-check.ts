import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

const compilerOptions = {
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable', 'dom'],
  module: 'nodenext',
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
};

/**
 * Type-checks files in one run of tsc, each as a project of its own, so that what one declares is not declared for another.
 * @returns what tsc says of each file: nothing where it is right
 * @throws Error when tsc says something else
 */
export async function typeErrors(paths: readonly string[], directory: string): Promise<ReadonlyMap<string, string[]>> {
  const projects = paths.map((path) => {
    const project = `${path}.tsconfig.json`;
    writeFileSync(project, JSON.stringify({ compilerOptions, files: [path] }));
    return project;
  });
  const { failed, printed } = await tsc(['--build', ...projects, '--pretty', 'false'], directory);
  const errors = new Map(paths.map((path) => [path, [] as string[]]));
  const byName = new Map([...errors].map(([path, list]) => [relative(directory, path), list]));
  let current: string[] | undefined;
  for (const line of printed.split('\n').filter((text) => text !== '')) {
    // What is indented goes on with the error before.
    if (!line.startsWith(' ')) current = byName.get(/^(.+?)\(\d+,\d+\): /.exec(line)?.[1] ?? '');
    if (current === undefined) throw new Error(`tsc says:\n${printed}`);
    current.push(line);
  }
  if (failed && current === undefined) throw new Error('tsc failed, and does not say why.');
  return errors;
}

function tsc(args: readonly string[], directory: string): Promise<{ failed: boolean; printed: string }> {
  const program = join(root, 'node_modules/typescript/bin/tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: directory }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, printed: stdout + stderr }),
    );
  });
}
