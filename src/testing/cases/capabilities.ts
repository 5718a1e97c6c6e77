import assert from 'node:assert/strict';
import { createPushService } from '../../index.js';
import { type CaseDefinition, failureOf } from '../trial.js';

export const capabilityCases: readonly CaseDefinition[] = [
  {
    name: 'has a name',
    async check({ backend }) {
      assert.equal(typeof backend.name, 'string');
      assert.notEqual(backend.name, '');
    },
  },
  {
    name: 'belongs to one service at a time',
    async check({ push, backend }) {
      await push.ready();
      const taking = (): unknown => createPushService({ backend });
      await failureOf('a second service with the same instance', taking, 'CONFIGURATION');
    },
  },
  {
    name: 'declares the same capabilities each time',
    async check({ backend }) {
      const [first, second] = [backend.capabilities, backend.capabilities].map((declared) => ({
        ...declared,
        channelName: String(declared.channelName.pattern),
        eventName: String(declared.eventName.pattern),
        sharesRequest: declared.sharesRequest !== undefined,
        isPublic: declared.isPublic !== undefined,
        keepsOrder: declared.keepsOrder !== undefined,
      }));
      assert.deepEqual(first, second);
    },
  },
];
