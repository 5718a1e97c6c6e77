// Not by its name: the line that makes a "require" for a bundle of ES modules declares "createRequire" there.
import * as nodeModule from 'node:module';
import { isAbsolute, join } from 'node:path';

/**
 * Makes a `require` of the file that this code runs in: a file of pushrail, or the bundle that holds it. The call stack
 * tells that file in every form of module. `import.meta.url` does not: a bundle in CommonJS has none, Jest's transforms
 * stop at it, and webpack writes the path on the machine that built the bundle. A file with a made-up name, as in
 * webpack's `eval` modes, counts as one of the working directory.
 */
export function requireHere(): NodeJS.Require {
  // Not imported: as an ES module, `node:util` loads all that it can do.
  const { getCallSites } = process.getBuiltinModule('node:util');
  const [here] = getCallSites(1, { sourceMap: false });
  const file = here?.scriptName ?? '';
  const isFile = file.startsWith('file:') || isAbsolute(file);
  return nodeModule.createRequire(isFile ? file : join(process.cwd(), 'from-here.js'));
}

/** Whether `require` or `import` failed because there is no such module. */
export function isModuleNotFound(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')
  );
}
