import type { ChannelOutcome, MessageRecord } from '../messages/record.js';
import type { NewMessage, StoredMessage } from '../messages/store.js';
import type { ChannelDetails, JsonValue } from '../wire/message.js';
import { type Content, type Details, readContent } from './content.js';
import { absolute } from './message-options.js';
import { isUntried } from './outcomes.js';
import { turned } from './sealing.js';
import type { Recording } from './settings.js';

/** Reads the text of a content, which may be sealed. */
export type ReadContent = (text: string) => Promise<Content | undefined>;

/**
 * Makes the reader of contents.
 * @param timeout how long the setting `recording.unseal` has for a text, in milliseconds
 */
export function contentReader({ unseal }: Pick<Recording, 'unseal'>, timeout: number): ReadContent {
  return async (text) =>
    readContent(unseal === undefined || text === '' ? text : await turned('unseal', unseal, text, timeout));
}

/** The record of a message, as an application reads it. */
export function recordOf(stored: StoredMessage, content: Content | undefined): MessageRecord {
  const { condition, createdAt, changedAt, sentAt, sendAfter, expiresAt, outcomes } = stored;
  const { timeout, except, via, traceContext, template } = JSON.parse(stored.details) as Details;
  return {
    id: stored.id,
    service: stored.service,
    state: stored.state,
    createdAt: new Date(createdAt),
    changedAt: new Date(changedAt),
    sentAt: sentAt === undefined ? undefined : new Date(sentAt),
    sendAfter: new Date(sendAfter),
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    event: stored.event,
    recipients: stored.recipients,
    data: content === undefined ? undefined : (JSON.parse(content.json) as JsonValue),
    notification: content?.notification,
    template,
    backend: stored.backend,
    error: stored.error,
    reason: stored.reason,
    channels: outcomes.some(isUntried) ? outcomes.filter((each) => !isUntried(each)) : outcomes,
    extraData: content?.extraData,
    extraSenderData: senderData(outcomes),
    tag: stored.tag,
    attempts: stored.attempts,
    retrySending: stored.retrySending,
    priority: stored.priority,
    key: stored.key,
    idempotencyKey: stored.idempotencyKey,
    condition: condition === undefined ? undefined : { name: condition, args: content?.args },
    except,
    via,
    backendOptions: content?.backendOptions,
    timeout,
    traceContext,
    relatedTo: stored.relatedTo,
  };
}

/** What the provider told of channels, by channel. */
export function senderData(outcomes: readonly ChannelOutcome[]): Readonly<Record<string, ChannelDetails>> {
  return Object.fromEntries(outcomes.flatMap(({ info }) => (info === undefined ? [] : Object.entries(info))));
}

/** A message that has just been recorded, as a store would return it. @param now milliseconds since the epoch */
export function storedFrom(message: NewMessage, now: number): StoredMessage {
  const { sendAfter, expires, idempotency, lease, ...rest } = message;
  return {
    ...rest,
    state: lease === undefined ? 'WAITING' : 'SENDING',
    createdAt: now,
    changedAt: now,
    sentAt: undefined,
    sendAfter: absolute(sendAfter, now),
    expiresAt: expires && absolute(expires, now),
    idempotencyKey: idempotency?.key,
    attempts: 0,
    deaths: 0,
    retrySending: false,
    backend: undefined,
    error: undefined,
    reason: undefined,
    outcomes: [],
  };
}
