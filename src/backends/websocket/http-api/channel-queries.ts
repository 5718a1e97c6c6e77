import { isPresence } from '../../../channels-protocol/names.js';
import { HttpError } from '../../../http-error.js';
import type { App } from '../app.js';
import { attributesOf, parseInfo } from './channel-attributes.js';

/** `GET /apps/:id/channels`: the channels that someone is subscribed to. */
export function listChannels(app: App, parameters: URLSearchParams): object {
  const prefix = parameters.get('filter_by_prefix') ?? '';
  const info = parseInfo(parameters.get('info'));
  if (info.has('user_count') && !isPresence(prefix)) {
    throw new HttpError(
      400,
      'The user_count is known for presence channels only: filter_by_prefix must begin with "presence-".',
    );
  }
  const channels: [string, object][] = [];
  for (const name of app.channels.keys()) {
    if (name.startsWith(prefix) && !name.startsWith('#')) channels.push([name, attributesOf(app, name, info)]);
  }
  return { channels: Object.fromEntries(channels) };
}

/** `GET /apps/:id/channels/:name` */
export function showChannel(app: App, name: string, parameters: URLSearchParams): object {
  const info = parseInfo(parameters.get('info'));
  if (info.has('user_count') && !isPresence(name))
    throw new HttpError(400, 'The user_count is known for presence channels only.');
  return { occupied: app.channels.has(name), ...attributesOf(app, name, info) };
}

/** `GET /apps/:id/channels/:name/users` */
export function listUsers(app: App, name: string): object {
  if (!isPresence(name)) throw new HttpError(400, 'The users are known for presence channels only.');
  return { users: (app.channels.get(name)?.presence?.ids ?? []).map((id) => ({ id })) };
}
