import type { AnyBackend } from '../backends/contract/wrapper.js';
import { ConfigurationError } from '../core/errors.js';
import { showsSecret } from '../core/redaction.js';
import type { ClientConfig } from '../wire/client-config.js';

/**
 * What a page is given of a backend.
 * @param page what the page itself adds
 * @throws ConfigurationError when the backend would publish a secret
 */
export function publishedConfig(backend: AnyBackend, page: Pick<ClientConfig, 'channels' | 'userId'>): ClientConfig {
  // As the page will get it: a getter or a toJSON may hold more than the object shows.
  const config = JSON.parse(
    JSON.stringify({ ...backend.clientConfig(), backend: backend.clientBackend, ...page }),
  ) as ClientConfig;
  const leak = Object.entries(config).find(([, value]) => showsSecret(value, backend));
  if (leak === undefined) return config;
  throw new ConfigurationError(
    `clientConfig() would publish a secret: "${leak[0]}", as the ${backend.name} backend gives it, holds one.`,
  );
}
