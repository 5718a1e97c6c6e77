import { isPresence } from '../../../channels-protocol/names.js';
import { HttpError } from '../../../http-error.js';
import type { App } from '../app.js';

const attributes = new Set(['user_count', 'subscription_count']);

/** What the API tells of a channel when it is asked with `info`. */
export interface ChannelAttributes {
  user_count?: number;
  subscription_count?: number;
}

/** Reads `info`: names separated by commas. */
export function parseInfo(info: unknown): ReadonlySet<string> {
  if (info === undefined || info === null || info === '') return new Set();
  if (typeof info !== 'string') throw new HttpError(400, 'The "info" is not a text.');
  const names = info.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !attributes.has(name));
  if (unknown !== undefined)
    throw new HttpError(400, `There is no info of this name: it is ${[...attributes].join(' or ')}.`);
  return new Set(names);
}

/** The number of users is known on presence channels only. */
export function attributesOf(app: App, name: string, info: ReadonlySet<string>): ChannelAttributes {
  const channel = app.channels.get(name);
  return {
    ...(info.has('subscription_count') && { subscription_count: channel?.size ?? 0 }),
    ...(info.has('user_count') && isPresence(name) && { user_count: channel?.userCount ?? 0 }),
  };
}
