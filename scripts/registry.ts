import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseSync } from 'oxc-parser';
import type { AboutBackend } from '../src/backends/contract/about.ts';

const file = 'src/backends/registry.ts';

/** One line of the list of built-in backends. */
export interface ListedBackend {
  readonly name: string;
  /** The module of its class, as a path from the root of the repository. */
  readonly module: string;
}

/** Reads the lines of the list of built-in backends, in their order. @param root the repository's directory */
export function listedBackends(root: string): readonly ListedBackend[] {
  const { module } = parseSync(file, readFileSync(join(root, file), 'utf8'));
  return module.staticExports.flatMap(({ entries }) =>
    entries.map(({ exportName, moduleRequest }) => ({
      name: exportName.name ?? '',
      module: posix.join(dirname(file), (moduleRequest?.value ?? '').replace(/\.js$/, '.ts')),
    })),
  );
}

/**
 * Loads the classes of the built-in backends from their sources, and returns the facts that each states about itself.
 */
export async function loadFacts(root: string): Promise<ReadonlyMap<string, AboutBackend>> {
  // The sources import each other by the names that the build gives them.
  registerHooks({
    resolve: (specifier, context, next) => {
      const isSource =
        specifier.startsWith('.') && context.parentURL?.startsWith(pathToFileURL(join(root, 'src')).href);
      return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
    },
  });
  const classes: Record<string, { about: AboutBackend }> = await import(pathToFileURL(join(root, file)).href);
  return new Map(Object.entries(classes).map(([name, { about }]) => [name, about]));
}
