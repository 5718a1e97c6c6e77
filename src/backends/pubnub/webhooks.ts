import { parseData } from '../../pusher-protocol/parse-message.js';
import type { OtherEvent, WebhookEvent, WebhookEventBase } from '../../webhooks/event.js';
import { madeId } from '../../webhooks/event-id.js';
import { jsonBody } from '../../webhooks/read.js';
import type { WebhookRequest } from '../../webhooks/source.js';
import { isRecord } from '../../wire/is-record.js';
import { readEnvelope } from '../../wire/pubnub-envelope.js';
import type { PubNubClient } from './client.js';
import type { CheckedOptions } from './options.js';
import { type EnvelopedEvent, eventsIn, PUBLISHED } from './webhook-envelope.js';

/** The settings by which webhooks are read. */
export interface WebhookTerms {
  readonly options: CheckedOptions;
  readonly api: PubNubClient;
  readonly backend: string;
}

/**
 * Reads a webhook of Events & Actions whose header had the secret. There is no limit of age: to send an old webhook
 * again takes the secret, with which one can send a new one as well.
 * @throws ValidationError when it is not JSON
 */
export function readEvents(request: WebhookRequest, { options, api, backend }: WebhookTerms): WebhookEvent[] {
  const { userId, cipherKey } = options;
  const decrypt = (message: unknown): unknown => decrypted(message, api);
  return webhookEvents(jsonBody(request, backend), {
    backend,
    userId,
    ...(cipherKey !== undefined && { decrypt }),
  });
}

/** Decrypts a message. A text is taken for an encrypted message; the result is undefined when it has another key. */
function decrypted(message: unknown, api: PubNubClient): unknown {
  if (typeof message !== 'string') return message;
  try {
    return api.decrypt(message);
  } catch {
    return undefined;
  }
}

/** The facts about this server by which its webhooks are read. */
interface WebhookReader {
  readonly backend: string;
  /** The user id of this server, whose own messages come back as webhooks. */
  readonly userId: string;
  /** Decrypts a message; undefined when it cannot be decrypted. Absent without encryption. */
  readonly decrypt?: (message: unknown) => unknown;
}

/** A timetoken counts tenths of a microsecond. */
const TICKS_A_MILLISECOND = 10_000;

/**
 * Reads the events of a webhook's body. An event without a type here, or without the values that its type needs, is
 * `other`.
 */
function webhookEvents(body: unknown, reader: WebhookReader): WebhookEvent[] {
  return eventsIn(body).flatMap((event) => {
    const base = baseOf(event, reader);
    const members = membersOf(event, base);
    return members.length > 0 ? members : [webhookEvent(event, base, reader)];
  });
}

function baseOf({ id, fields, raw }: EnvelopedEvent, { backend }: WebhookReader): WebhookEventBase {
  const time = timeOf(fields);
  return { id: id ?? madeId(raw, time !== undefined), time: time ?? new Date(), backend, raw };
}

/**
 * The members in an event of a large channel, for which PubNub tells at intervals who came and who went.
 * Sources: https://www.pubnub.com/docs/presence/presence-events (interval mode and presence deltas), and for the names
 * of the lists the example "Presence Interval Webhook" of its guide to Events & Actions (a copy of it is in
 * https://github.com/pubnub/pubnub-mcp-server, resources/how_to_use_pubnub_events_and_actions.md).
 */
function membersOf({ schema, channel, fields }: EnvelopedEvent, base: WebhookEventBase): WebhookEvent[] {
  if (channel === undefined || !schema.startsWith('presence.')) return [];
  return intervalLists.flatMap(([key, type]) => {
    const users = fields[key];
    const userIds = Array.isArray(users) ? users.filter((userId) => typeof userId === 'string') : [];
    return userIds.map(
      (userId): WebhookEvent => ({ ...base, id: `${base.id}.${key}.${userId}`, type, channel, userId }),
    );
  });
}

const intervalLists = [
  ['usersJoined', 'memberAdded'],
  ['usersLeft', 'memberRemoved'],
  // A guess: the event for clients has such a list ("timeout"), and the guide's example names none.
  ['usersTimedout', 'memberRemoved'],
] as const;

function webhookEvent(event: EnvelopedEvent, base: WebhookEventBase, reader: WebhookReader): WebhookEvent {
  const { schema } = event;
  const other: OtherEvent = { ...base, type: 'other', name: schema };
  if (schema === 'push.message.sending.failed')
    return { ...base, type: 'notificationFailed', notificationId: undefined };
  return (event.channel === undefined ? undefined : onChannel(event, event.channel, base, reader)) ?? other;
}

function onChannel(
  { schema, fields, isMessageText }: EnvelopedEvent,
  channel: string,
  base: WebhookEventBase,
  reader: WebhookReader,
): WebhookEvent | undefined {
  const { userId, senderId, fileId } = fields;
  switch (schema) {
    case 'presence.channel.state.active':
      return { ...base, type: 'channelOccupied', channel };
    case 'presence.channel.state.inactive':
      return { ...base, type: 'channelVacated', channel };
    case 'presence.user.channel.joined':
      return typeof userId === 'string' ? { ...base, type: 'memberAdded', channel, userId } : undefined;
    case 'presence.user.channel.left':
    case 'presence.user.timedout.in.channel':
      return typeof userId === 'string' ? { ...base, type: 'memberRemoved', channel, userId } : undefined;
    case PUBLISHED: {
      // Neither this server's own messages nor files are client events.
      if (senderId === reader.userId || fileId !== undefined) return undefined;
      const sent = isMessageText ? objectIn(fields['message']) : fields['message'];
      const message = reader.decrypt === undefined ? sent : reader.decrypt(sent);
      if (message === undefined) return undefined;
      const { event, data } = readEnvelope(message, 'message');
      const sender = typeof senderId === 'string' && { userId: senderId };
      return { ...base, type: 'clientEvent', channel, event, data, ...sender };
    }
    default:
      return undefined;
  }
}

/** Parses a text that is the JSON of an object or a list; any other message is returned as it is. */
function objectIn(message: unknown): unknown {
  const value = parseData(message);
  return isRecord(value) || Array.isArray(value) ? value : message;
}

function timeOf({ timestamp, timetoken }: Readonly<Record<string, unknown>>): Date | undefined {
  const candidates = [
    ...(typeof timestamp === 'string' ? [new Date(timestamp)] : []),
    ...(typeof timetoken === 'string' ? [new Date(Number(timetoken) / TICKS_A_MILLISECOND)] : []),
  ];
  return candidates.find((time) => !Number.isNaN(time.getTime()));
}
