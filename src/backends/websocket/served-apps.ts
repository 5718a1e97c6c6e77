import { ConfigurationError } from '../../errors.js';
import type { WebSocketApp } from './options.js';

/**
 * The settings' own application, and the further ones.
 * @throws ConfigurationError when two of them have the same id or key
 */
export function servedApps(own: WebSocketApp, further: readonly WebSocketApp[] = []): readonly WebSocketApp[] {
  const apps = [own, ...further];
  for (const key of ['appId', 'pubKey'] as const) {
    const values = apps.map((app) => app[key]);
    const twice = values.findIndex((value, index) => values.indexOf(value) !== index);
    if (twice > 0) {
      throw new ConfigurationError(
        `The websocket backend's options: "apps.${twice - 1}.${key}" is that of another application already.`,
        {
          backend: 'websocket',
        },
      );
    }
  }
  return apps;
}
