import { isCache, isPresence } from '../../pusher-protocol/names.js';
import { HttpError } from '../../web/http-error.js';
import type { App } from '../app.js';
import type { CachedData } from '../app-publisher.js';

/** Answers `GET /apps/:id/channels`: the channels that somebody is subscribed to. */
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

/** Answers `GET /apps/:id/channels/:name`. */
export function showChannel(app: App, name: string, parameters: URLSearchParams): object {
  const info = parseInfo(parameters.get('info'), ofOneChannel);
  if (info.has('user_count') && !isPresence(name))
    throw new HttpError(400, 'The user_count is known for presence channels only.');
  if (info.has('cache') && !isCache(name)) throw new HttpError(400, 'The cache is known for cache channels only.');
  return { occupied: app.channels.has(name), ...attributesOf(app, name, info) };
}

/** Answers `GET /apps/:id/channels/:name/users`. */
export function listUsers(app: App, name: string): object {
  if (!isPresence(name)) throw new HttpError(400, 'The users are known for presence channels only.');
  return { users: (app.channels.get(name)?.members?.ids ?? []).map((id) => ({ id })) };
}

const ofAnyChannel: ReadonlySet<string> = new Set(['user_count', 'subscription_count']);
const ofOneChannel: ReadonlySet<string> = new Set([...ofAnyChannel, 'cache']);

/** What a request asks for with `info`. The `cache` is null when the channel has no event. */
export interface ChannelAttributes {
  user_count?: number;
  subscription_count?: number;
  cache?: CachedData | null;
}

/**
 * Reads `info`: names of attributes, separated by commas.
 * @throws HttpError 400 for a name that is none
 */
export function parseInfo(info: unknown, attributes: ReadonlySet<string> = ofAnyChannel): ReadonlySet<string> {
  if (info === undefined || info === null || info === '') return new Set();
  if (typeof info !== 'string') throw new HttpError(400, 'The "info" is not a text.');
  const names = info.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !attributes.has(name));
  if (unknown !== undefined)
    throw new HttpError(400, `There is no info of this name: it is ${[...attributes].join(' or ')}.`);
  return new Set(names);
}

/** The attributes of a channel that were asked for. The `user_count` is left out unless it is a presence channel. */
export function attributesOf(app: App, name: string, info: ReadonlySet<string>): ChannelAttributes {
  const channel = app.channels.get(name);
  return {
    ...(info.has('subscription_count') && { subscription_count: channel?.size ?? 0 }),
    ...(info.has('user_count') && isPresence(name) && { user_count: channel?.members?.count ?? 0 }),
    ...(info.has('cache') && { cache: app.publisher.cached(name) ?? null }),
  };
}
