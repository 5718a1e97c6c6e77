import { ValidationError } from '../../errors.js';
import type { NameRule } from '../../name-rule.js';
import { MAX_NAME_LENGTH } from './limits.js';

/**
 * Names of channels, and of wildcards to subscribe to. A name may hold periods, which part it into the levels that wildcards go by.
 * Source: https://www.pubnub.com/docs/pub-sub/subscribe/channels
 */
export const channelName: NameRule = {
  pattern: /^(?!.*-pnpres$)(?!\.)[^\p{Cc} ,:*/\\]*(?:[^\p{Cc} ,:*/\\.]|\.\*)$/u,
  maxLength: MAX_NAME_LENGTH,
  allowed:
    'anything but spaces, control characters and , : * / \\ , no period at either end, and no "-pnpres", which are PubNub\'s own; ".*" ends a wildcard to subscribe to',
};

/** Whether a name stands for many channels: one can subscribe to it, and not publish. */
function isWildcard(name: string): boolean {
  return name.endsWith('.*');
}

/** @throws ValidationError */
export function checkPublishable(channels: readonly string[]): void {
  const wildcard = channels.find(isWildcard);
  if (wildcard === undefined) return;
  throw new ValidationError(
    `"${wildcard}" is a wildcard: it can be subscribed to, and nothing can be sent to it. Send to the channels themselves.`,
    { backend: 'pubnub' },
  );
}

/** Names of channel groups. @throws ValidationError */
export function checkGroup(name: unknown): void {
  if (typeof name === 'string' && name.length <= MAX_NAME_LENGTH && /^[^\p{Cc} ,:*/\\.]+$/u.test(name)) return;
  throw new ValidationError(
    `${JSON.stringify(name)} names no channel group: that takes 1 to ${MAX_NAME_LENGTH} characters other than spaces, control characters and . , : * / \\`,
    { backend: 'pubnub' },
  );
}
