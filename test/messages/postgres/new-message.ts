import { randomUUID } from 'node:crypto';
import type { ClaimRequest, NewMessage, Settlement } from '../../../src/messages/store.js';

/** A message that is due at once. */
export function message(of: Partial<NewMessage> = {}): NewMessage {
  return {
    ...{ id: randomUUID(), service: 'shop', event: 'order', recipients: { users: ['ann'] }, priority: 'normal' },
    ...{ relatedTo: [], content: 'content', details: 'details', sendAfter: { inMs: 0 } },
    ...of,
  };
}

/** A claim of up to ten messages, under a token. */
export function claimOf(token: string, of: Partial<ClaimRequest> = {}): ClaimRequest {
  return { service: 'shop', lease: { token, ms: 60_000 }, limit: 10, conditions: [], now: undefined, ...of };
}

/** A settlement that ends a message. */
export function settled(id: string, token: string, of: Partial<Settlement> = {}): Settlement {
  return { id, token, state: 'SENT', attempts: 1, retrySending: false, outcomes: [], dropsContent: false, ...of };
}

/** The ids of messages. */
export function idsOf(messages: readonly { readonly id: string }[]): readonly string[] {
  return messages.map(({ id }) => id);
}
