import type { NameRule } from '../../core/names.js';
import { anyName, type BackendCapabilities } from '../contract/capabilities.js';

/**
 * The capabilities of several backends together: the smallest of each limit. An ability that one backend is enough for
 * is there when any of them has it.
 * @param sendsToAll whether each message goes to all of them
 */
export function composedCapabilities(all: readonly BackendCapabilities[], sendsToAll: boolean): BackendCapabilities {
  const every = (flag: 'except' | 'idempotent' | 'idempotencyKey'): boolean =>
    all.every((capabilities) => capabilities[flag]);
  const some = (flag: 'subscribe' | 'presence' | 'authorize' | 'authenticate' | 'webhooks'): boolean =>
    all.some((capabilities) => capabilities[flag]);
  const smallest = (limit: 'maxChannelsPerRequest' | 'maxMessagesPerRequest' | 'maxPayloadBytes'): number =>
    Math.min(...all.map((capabilities) => capabilities[limit]));
  const choosy = all.flatMap(({ sharesRequest }) => sharesRequest ?? []);
  const isPublic = (channel: string): boolean => all.every((each) => each.isPublic?.(channel) === true);
  return {
    maxChannelsPerRequest: smallest('maxChannelsPerRequest'),
    maxMessagesPerRequest: smallest('maxMessagesPerRequest'),
    ...(choosy.length > 0 && { sharesRequest: (channel: string) => choosy.every((shares) => shares(channel)) }),
    keepsOrder: (channel) => all.every(({ keepsOrder }) => keepsOrder?.(channel) ?? false),
    maxPayloadBytes: smallest('maxPayloadBytes'),
    channelName: sharedRule(all.map(({ channelName }) => channelName)),
    eventName: sharedRule(all.map(({ eventName }) => eventName)),
    subscribe: some('subscribe'),
    presence: some('presence'),
    authorize: some('authorize'),
    isPublic,
    // That of the backend that is asked.
    clientIs: all.find(({ authorize, authenticate }) => authorize || authenticate)?.clientIs ?? 'connection',
    authenticate: some('authenticate'),
    disconnects: [...new Set(all.flatMap(({ disconnects }) => disconnects))],
    webhooks: some('webhooks'),
    except: every('except'),
    idempotent: every('idempotent'),
    // A message with a key may come from two providers: its receivers drop the second one with the same key.
    idempotencyKey: !sendsToAll || every('idempotencyKey'),
  };
}

/** The rule that all backends have. Where they differ, each checks by its own, and its error says whose rule it is. */
function sharedRule(rules: readonly NameRule[]): NameRule {
  const [first = anyName] = rules;
  return rules.every((rule) => rule === first) ? first : anyName;
}
