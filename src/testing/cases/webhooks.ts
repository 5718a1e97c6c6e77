import assert from 'node:assert/strict';
import type { WebhookSource } from '../../index.js';
import { type CaseDefinition, failureOf } from '../trial.js';

/** Webhooks without a signature, or with a false one. */
const forged: readonly WebhookSource[] = [
  { headers: {}, rawBody: '' },
  { headers: {}, rawBody: '{"events":[{"name":"channel_occupied","channel":"conformance-1"}]}' },
  { headers: { 'content-type': 'application/json', authorization: 'Bearer ', signature: '' }, rawBody: '[]' },
  {
    headers: {
      authorization: 'Bearer é',
      'x-signature': '0'.repeat(64),
      'x-pusher-key': '',
      'x-pusher-signature': '0',
    },
    rawBody: new Uint8Array([0, 255, 254]),
  },
];

export const webhookCases: readonly CaseDefinition[] = [
  {
    name: 'refuses every webhook that its provider has not signed',
    lacks: ({ capabilities }) => (capabilities.webhooks ? undefined : 'the backend declares webhooks: false'),
    async check({ push }) {
      const fired: unknown[] = [];
      push.on('messageReceived', (message) => fired.push(message));
      for (const webhook of forged) {
        const taking = (): unknown => push.webhook(webhook, (event) => fired.push(event));
        await failureOf('a webhook that nobody has signed', taking, 'AUTHENTICATION');
      }
      assert.deepEqual(fired, [], 'a refused webhook fires no event');
    },
    async instead({ push }) {
      for (const webhook of forged) await failureOf('a webhook', () => push.webhook(webhook), 'UNSUPPORTED_OPERATION');
    },
  },
];
