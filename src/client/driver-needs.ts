import type { ClientConfig } from '../client-config.js';
import { PushClientError } from './push-client-error.js';

/** A key of the configuration that a driver cannot do without. @throws PushClientError when it is missing */
export function neededKey(config: ClientConfig, key: string): string {
  const value = config[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new PushClientError(
    `PushClient needs "${key}" in its configuration: pass what PushService.clientConfig() returned.`,
    'CONFIGURATION',
  );
}

/**
 * The SDK that a driver speaks through.
 * @param name what the SDK's script calls it in the page, and the option of the client that takes it
 * @throws PushClientError when there is none
 */
export function neededSdk<Sdk>(passed: Sdk | undefined, name: string, packageName: string, config: ClientConfig): Sdk {
  const sdk = passed ?? (globalThis as unknown as Readonly<Record<string, Sdk | undefined>>)[name];
  if (sdk) return sdk;
  throw new PushClientError(
    `PushClient needs ${packageName} for the "${config.backend}" backend: ` +
      `load its script before this one, or pass it as new PushClient(config, { ${name} }).`,
    'CONFIGURATION',
  );
}
