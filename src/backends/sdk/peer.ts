// Not by its name: the line that makes a "require" for a bundle of ES modules declares "createRequire" there.
import * as nodeModule from 'node:module';
import { isAbsolute, join } from 'node:path';
import { getCallSites } from 'node:util';
import { ConfigurationError } from '../../core/errors.js';

/**
 * Loads a package that is an optional peer dependency.
 * @param packageName the package to load
 * @param neededBy who needs it, for the error: `the pusher backend`
 * @param from loads the package. In your own backend, pass `createRequire(import.meta.url)`. @default pushrail's own
 * `require`
 * @throws ConfigurationError that names the package to install
 * @example
 * const { Client } = loadPeer<typeof import('my-sdk')>('my-sdk', 'the my-sdk backend', createRequire(import.meta.url));
 */
export function loadPeer<Module>(
  packageName: string,
  neededBy: string,
  from: (id: string) => unknown = requireFromHere,
): Module {
  return load(packageName, neededBy, from, '');
}

/**
 * Loads the SDK of a built-in backend.
 * @param option takes the SDK from an application whose bundle holds it
 * @throws ConfigurationError that names the package and the option
 */
export function loadSdk<Module>(packageName: string, neededBy: string, option: string): Module {
  const otherwise = `. In a bundle, import * as ${option} from '${packageName}' and pass it as the option "${option}" (docs/bundlers.md).`;
  return load(packageName, neededBy, requireFromHere, otherwise);
}

function load<Module>(packageName: string, neededBy: string, from: (id: string) => unknown, otherwise: string): Module {
  try {
    return from(packageName) as Module;
  } catch (cause) {
    const isMissing = isModuleNotFound(cause) && cause.message.includes(`'${packageName}'`);
    throw new ConfigurationError(
      isMissing
        ? `${neededBy} needs the package "${packageName}": npm install ${packageName}${otherwise}`
        : `${neededBy}: the package "${packageName}" could not be loaded`,
      { cause },
    );
  }
}

function isModuleNotFound(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')
  );
}

/**
 * Requires a package from the file that this code runs in: a file of pushrail, or the bundle that holds it. The call
 * stack tells that file in every form of module. `import.meta.url` does not: a bundle in CommonJS has none, Jest's
 * transforms stop at it, and webpack writes the path on the machine that built the bundle. A file with a made-up name,
 * as in webpack's `eval` modes, counts as one of the working directory.
 */
function requireFromHere(id: string): unknown {
  const [here] = getCallSites(1, { sourceMap: false });
  const file = here?.scriptName ?? '';
  const isFile = file.startsWith('file:') || isAbsolute(file);
  return nodeModule.createRequire(isFile ? file : join(process.cwd(), 'from-here.js'))(id);
}
