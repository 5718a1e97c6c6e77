import type { NameRule } from '../../core/names.js';
import { anyName, type BackendCapabilities } from '../contract/capabilities.js';

/** What all of several backends can do: the smallest of each limit. What one of them is enough for, any of them can do. */
export function composedCapabilities(all: readonly BackendCapabilities[]): BackendCapabilities {
  const every = (flag: 'except' | 'idempotent' | 'idempotencyKey'): boolean =>
    all.every((capabilities) => capabilities[flag]);
  const some = (flag: 'subscribe' | 'presence' | 'authorize' | 'authenticate' | 'webhooks'): boolean =>
    all.some((capabilities) => capabilities[flag]);
  const smallest = (limit: 'maxChannelsPerRequest' | 'maxMessagesPerRequest' | 'maxPayloadBytes'): number =>
    Math.min(...all.map((capabilities) => capabilities[limit]));
  const choosy = all.flatMap(({ sharesRequest }) => sharesRequest ?? []);
  return {
    maxChannelsPerRequest: smallest('maxChannelsPerRequest'),
    maxMessagesPerRequest: smallest('maxMessagesPerRequest'),
    ...(choosy.length > 0 && { sharesRequest: (channel: string) => choosy.every((shares) => shares(channel)) }),
    maxPayloadBytes: smallest('maxPayloadBytes'),
    channelName: sharedRule(all.map(({ channelName }) => channelName)),
    eventName: sharedRule(all.map(({ eventName }) => eventName)),
    subscribe: some('subscribe'),
    presence: some('presence'),
    // There is no way to ask through a composite.
    history: false,
    authorize: some('authorize'),
    // Of the one that is asked.
    clientIs: all.find(({ authorize, authenticate }) => authorize || authenticate)?.clientIs ?? 'connection',
    authenticate: some('authenticate'),
    webhooks: some('webhooks'),
    except: every('except'),
    idempotent: every('idempotent'),
    idempotencyKey: every('idempotencyKey'),
  };
}

/** The rule that all have; where they differ each is held to its own, which says whose it is. */
function sharedRule(rules: readonly NameRule[]): NameRule {
  const [first = anyName] = rules;
  return rules.every((rule) => rule === first) ? first : anyName;
}
