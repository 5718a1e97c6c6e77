import { loadPeer } from '../../core/peer.js';

/**
 * Loads the SDK of a built-in backend.
 * @param option takes the SDK from an application whose bundle holds it
 * @throws ConfigurationError that names the package and the option
 */
export function loadSdk<Module>(packageName: string, neededBy: string, option: string): Module {
  const otherwise = `. In a bundle, import * as ${option} from '${packageName}' and pass it as the option "${option}" (docs/bundlers.md).`;
  return loadPeer(packageName, neededBy, undefined, otherwise);
}
