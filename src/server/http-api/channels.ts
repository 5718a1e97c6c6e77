import { isCache, isPresence } from '../../pusher-protocol/names.js';
import { HttpError } from '../../web/http-error.js';
import type { App } from '../app.js';
import type { ChannelFigures } from '../app-overview.js';

/** Answers `GET /apps/:id/channels`: the channels that somebody is subscribed to. */
export async function listChannels({ overview }: App, parameters: URLSearchParams): Promise<object> {
  const prefix = parameters.get('filter_by_prefix') ?? '';
  const info = parseInfo(parameters.get('info'));
  if (info.has('user_count') && !isPresence(prefix)) {
    throw new HttpError(
      400,
      'The user_count is known for presence channels only: filter_by_prefix must begin with "presence-".',
    );
  }
  const channels: [string, object][] = [];
  for await (const page of overview.channels(prefix)) {
    for (const { name, ...figures } of page)
      if (!name.startsWith('#')) channels.push([name, attributesIn(figures, name, info)]);
  }
  return { channels: Object.fromEntries(channels) };
}

/** Answers `GET /apps/:id/channels/:name`. */
export async function showChannel({ overview }: App, name: string, parameters: URLSearchParams): Promise<object> {
  const info = parseInfo(parameters.get('info'), ofOneChannel);
  if (info.has('user_count') && !isPresence(name))
    throw new HttpError(400, 'The user_count is known for presence channels only.');
  if (info.has('cache') && !isCache(name)) throw new HttpError(400, 'The cache is known for cache channels only.');
  const [[figures], cache] = await Promise.all([
    overview.figures([name]),
    info.has('cache') ? overview.cached(name) : undefined,
  ]);
  return {
    occupied: figures?.isOccupied === true,
    ...attributesIn(figures, name, info),
    ...(info.has('cache') && { cache: cache ?? null }),
  };
}

/** Answers `GET /apps/:id/channels/:name/users`. */
export async function listUsers({ overview }: App, name: string): Promise<object> {
  if (!isPresence(name)) throw new HttpError(400, 'The users are known for presence channels only.');
  return { users: (await overview.users(name)).map((id) => ({ id })) };
}

const ofAnyChannel: ReadonlySet<string> = new Set(['user_count', 'subscription_count']);
const ofOneChannel: ReadonlySet<string> = new Set([...ofAnyChannel, 'cache']);

/** What a request asks for with `info`, but for the cache of a channel. */
interface ChannelAttributes {
  user_count?: number;
  subscription_count?: number;
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

/** The attributes of channels that were asked for, in their order. Where nothing was, nobody is asked. */
export async function attributesOf(
  { overview }: App,
  asked: readonly { readonly name: string; readonly info: ReadonlySet<string> }[],
): Promise<readonly ChannelAttributes[]> {
  const isAnyAsked = asked.some(({ info }) => info.size > 0);
  const figures = isAnyAsked ? await overview.figures(asked.map(({ name }) => name)) : [];
  return asked.map(({ name, info }, index) => attributesIn(figures[index], name, info));
}

/** The attributes that were asked for. The `user_count` is left out unless it is a presence channel. */
function attributesIn(figures: ChannelFigures | undefined, name: string, info: ReadonlySet<string>): ChannelAttributes {
  return {
    ...(info.has('subscription_count') && { subscription_count: figures?.subscriptions ?? 0 }),
    ...(info.has('user_count') && isPresence(name) && { user_count: figures?.users ?? 0 }),
  };
}
