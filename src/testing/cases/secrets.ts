import assert from 'node:assert/strict';
import type { CaseDefinition } from '../conformance-case.js';
import { placesOf } from '../secret-search.js';
import type { Trial } from '../trial.js';
import { SHORT_TIMEOUT_MS, withoutFault } from './failures.js';

export const secretCases: readonly CaseDefinition[] = [
  {
    name: 'shows no secret when it is printed or turned into JSON',
    async check(trial) {
      hidden(trial, { service: trial.push, backend: trial.backend });
    },
  },
  {
    name: 'publishes no secret in the configuration of its clients, which is JSON',
    async check(trial) {
      const config = await trial.push.clientConfig({ session: { channelId: trial.nameOf(1) } });
      assert.equal(typeof config.backend, 'string');
      assert.deepEqual(config.channels, [trial.nameOf(1)]);
      assert.deepEqual(JSON.parse(JSON.stringify(config)), config);
      hidden(trial, { config, own: trial.backend.clientConfig() });
    },
  },
  ...(['refuse', 'disconnect', 'hang'] as const).map((fault) => ({
    name: `shows no secret in errors and logs after the fault "${fault}"`,
    lacks: (trial: Trial) => withoutFault(trial, fault),
    async check(trial: Trial): Promise<void> {
      const channels = await trial.channels(2);
      trial.subject.faults?.[fault]?.();
      const message = { channels, event: trial.event, data: 1, timeout: SHORT_TIMEOUT_MS };
      const result: unknown = await trial.push.send(message).catch((error: unknown) => error);
      assert.ok(result instanceof Error, 'the send must fail');
      hidden(trial, { result, logged: trial.logged });
    },
  })),
];

function hidden(trial: Trial, things: Readonly<Record<string, unknown>>): void {
  for (const [what, thing] of Object.entries(things)) {
    const places = placesOf(trial, thing);
    assert.deepEqual(places, [], `A secret shows in the ${what}.`);
  }
}
