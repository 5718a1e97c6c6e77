import { ConfigurationError } from '../errors.js';
import type { DsnSettings } from './dsn-settings.js';
import { decoded } from './percent-decoding.js';

const form =
  /^(?<scheme>https?):\/\/(?<pubKey>[^:@/?#]+):(?<secretKey>[^:@/?#]+)@(?<host>\[[^\]@/?#]+\]|[^:@/?#]+)(?::(?<port>\d{1,5}))?\/apps\/(?<appId>[^/?#]+)\/?$/i;

/**
 * Reads the address that Pusher, and Heroku in `PUSHER_URL`, give an application:
 * `https://KEY:SECRET@api-eu.pusher.com/apps/APPID`.
 * @param what names the text in an error
 * @throws ConfigurationError that never shows the text
 */
export function pusherUrlSettings(url: string, what: string): DsnSettings {
  const parts = form.exec(url)?.groups;
  if (parts === undefined) {
    throw new ConfigurationError(
      `${what} could not be read: Pusher's address of an application has the form https://KEY:SECRET@api-CLUSTER.pusher.com/apps/APPID, without a query; within it, write / as %2F, ? as %3F, @ as %40, : as %3A and # as %23.`,
    );
  }
  const { scheme = '', host = '', port } = parts;
  const settings: DsnSettings = { backend: 'pusher', useSsl: scheme.toLowerCase() === 'https' };
  for (const key of ['appId', 'pubKey', 'secretKey'] as const) settings[key] = decoded(parts[key] ?? '', key, what);
  const options = { ...placeOf(host.toLowerCase()), ...(port !== undefined && { port: Number(port) }) };
  if (Object.keys(options).length > 0) settings.options = options;
  return settings;
}

/** Pages need the cluster, which a host alone does not tell them. */
function placeOf(host: string): { cluster?: string; host?: string } {
  const cluster = host === 'api.pusherapp.com' ? 'mt1' : /^api-([a-z0-9-]+)\.pusher\.com$/.exec(host)?.[1];
  return cluster === undefined ? { host } : { cluster };
}
