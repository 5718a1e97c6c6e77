import { ValidationError } from '../../core/errors.js';
import { checkName } from '../../core/names.js';
import { channelName, checkGroup, MAX_TOKEN_MINUTES } from './names.js';
import { isPubNubUserId } from './options.js';

/** The permissions of a token on a channel or a channel group. */
export interface ChannelPermissions {
  /** Subscribe, read history and presence. */
  readonly read?: boolean;
  /** Publish. */
  readonly write?: boolean;
  /** Delete stored messages. */
  readonly delete?: boolean;
  readonly get?: boolean;
  readonly update?: boolean;
  readonly manage?: boolean;
  readonly join?: boolean;
}

/** Names that the token may read, or names with their permissions. */
export type Grants = readonly string[] | Readonly<Record<string, ChannelPermissions>>;

/** The contents of a token: its user, its life, and its permissions. */
export interface TokenGrant {
  /** The one user who can use the token. @default anyone can */
  readonly userId?: string;
  /** Life of the token, in minutes: 1 to 43 200. */
  readonly ttlMinutes: number;
  readonly channels?: Grants;
  readonly groups?: Grants;
  /** Grants for all channels whose names match a regular expression: `{ '^orders-.*$': { read: true } }`. */
  readonly patterns?: Grants;
  /** Further values in the token: strings, numbers and booleans. Anyone who has the token can read them. */
  readonly meta?: Readonly<Record<string, string | number | boolean>>;
}

const permissions = ['read', 'write', 'delete', 'get', 'update', 'manage', 'join'];

/** Makes the SDK's parameters for a token. @throws ValidationError for a grant that PubNub does not allow */
export function grantParameters(grant: TokenGrant): object {
  const { userId, ttlMinutes, channels, groups, patterns, meta } = grant;
  if (!Number.isInteger(ttlMinutes) || ttlMinutes < 1 || ttlMinutes > MAX_TOKEN_MINUTES)
    throw invalid(`"ttlMinutes" must be a whole number from 1 to ${MAX_TOKEN_MINUTES}`);
  if (userId !== undefined && !isPubNubUserId(userId)) throw invalid('"userId" must be a string of 1 to 92 characters');
  const resources = {
    channels: granted(channels, (name) => checkName(name, 'channel', channelName, 'pubnub')),
    groups: granted(groups, checkGroup),
  };
  const matching = { channels: granted(patterns, checkPattern) };
  const isEmpty = [resources.channels, resources.groups, matching.channels].every(
    (named) => Object.keys(named).length === 0,
  );
  if (isEmpty) throw invalid('name "channels", "groups" or "patterns"');
  return {
    ttl: ttlMinutes,
    resources,
    patterns: matching,
    ...(userId !== undefined && { authorized_uuid: userId }),
    ...(meta !== undefined && { meta: { ...meta } }),
  };
}

function granted(grants: Grants = [], check: (name: string) => void): Readonly<Record<string, ChannelPermissions>> {
  const entries = Array.isArray(grants)
    ? grants.map((name) => [name, { read: true }] as const)
    : Object.entries(grants as Readonly<Record<string, ChannelPermissions>>);
  for (const [name, allowed] of entries) {
    check(name);
    const unknown = Object.entries(allowed).find(
      ([key, value]) => !permissions.includes(key) || typeof value !== 'boolean',
    );
    if (unknown !== undefined)
      throw invalid(
        `"${unknown[0]}" of "${name}" must be one of ${permissions.join(', ')}, with the value true or false`,
      );
  }
  return Object.fromEntries(entries.map(([name, allowed]) => [name, { ...allowed }]));
}

function checkPattern(pattern: string): void {
  try {
    new RegExp(pattern);
  } catch (cause) {
    throw new ValidationError(`No token was granted: "${pattern}" is not a regular expression.`, {
      backend: 'pubnub',
      cause,
    });
  }
}

function invalid(problem: string): ValidationError {
  return new ValidationError(`No token was granted: ${problem}.`, { backend: 'pubnub' });
}
