import { ConfigurationError } from './errors.js';
import { isModuleNotFound, requireHere } from './require-here.js';

/**
 * Loads a package that is an optional peer dependency.
 * @param packageName the package to load
 * @param neededBy who needs it, for the error: `the pusher backend`
 * @param from loads the package. In your own backend, pass `createRequire(import.meta.url)`. @default pushrail's own
 * `require`
 * @param otherwise what else the error says of a package that is not installed
 * @throws ConfigurationError that names the package to install
 * @example
 * const { Client } = loadPeer<typeof import('my-sdk')>('my-sdk', 'the my-sdk backend', createRequire(import.meta.url));
 */
export function loadPeer<Module>(
  packageName: string,
  neededBy: string,
  from: (id: string) => unknown = requireHere(),
  otherwise = '',
): Module {
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
