import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

// The package that the build takes in. Loading zod as it is takes longer than loading all of pushrail: it has some
// hundred files, of which the schemas need a fraction.

/**
 * The modules that the entry `pushrail/settings` has on the package itself, so that its schema is one of the
 * application's zod. Every other entry has them on the zod that is taken in.
 */
const onThePackage: ReadonlySet<string> = new Set(['src/settings/schema.ts', 'src/core/schema-parts.ts']);

const directory = dirname(fileURLToPath(import.meta.resolve('zod/package.json')));

/** The version that a build takes in: the one that is installed. */
export const takenInVersion: string = (
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string }
).version;

/** The notice that its licence asks for. */
export const takenInNotice: string = `This package contains parts of zod ${takenInVersion}, under this licence:\n\n${readFileSync(join(directory, 'LICENSE'), 'utf8')}`;

/** Takes zod in. @param root the repository's directory */
export function takeIn(root: string): Plugin {
  const namespace = 'on-the-package';
  const sourceOf = (file: string, from: string): string =>
    posix.join(posix.dirname(from), file).replace(/\.js$/, '.ts');
  return {
    name: 'take-in',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^zod\// }, ({ path, kind, resolveDir, namespace: of }) =>
        of === namespace
          ? { path, external: true }
          : resolve(fileURLToPath(import.meta.resolve(path)), { kind, resolveDir }),
      );
      onResolve({ filter: /^\.\.?\// }, ({ path, importer, namespace: of }) => {
        const isFirst = importer === join(root, 'src/settings/index.ts');
        if (of !== namespace && !isFirst) return undefined;
        const source = sourceOf(path, isFirst ? 'src/settings/index.ts' : importer);
        return onThePackage.has(source) ? { path: source, namespace } : undefined;
      });
      onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: readFileSync(join(root, path), 'utf8'),
        loader: 'ts',
        resolveDir: join(root, dirname(path)),
      }));
    },
  };
}
