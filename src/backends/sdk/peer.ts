import { ConfigurationError } from '../../core/errors.js';
import { isModuleNotFound, requireHere } from '../../core/require-here.js';

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
  from: (id: string) => unknown = requireHere(),
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
  return load(packageName, neededBy, requireHere(), otherwise);
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
