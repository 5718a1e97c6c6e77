import type { AnyBackend } from '../backends/contract/wrapper.js';
import { ConfigurationError } from '../core/errors.js';
import { showsSecret } from '../core/redaction.js';
import type { ClientConfig } from '../wire/client-config.js';

/**
 * Makes the configuration of a page.
 * @param page the channels and the user of the page
 * @throws ConfigurationError when it would hold a secret of the backend
 */
export function publishedConfig(backend: AnyBackend, page: Pick<ClientConfig, 'channels' | 'userId'>): ClientConfig {
  // The page gets JSON, and a getter or toJSON() may put more into it than the object shows.
  const config = JSON.parse(
    JSON.stringify({ ...backend.clientConfig(), backend: backend.clientBackend, ...page }),
  ) as ClientConfig;
  const leak = Object.entries(config).find(([, value]) => showsSecret(value, backend));
  if (leak === undefined) return config;
  throw new ConfigurationError(
    `clientConfig() would publish a secret: the ${backend.name} backend has one in "${leak[0]}".`,
  );
}
