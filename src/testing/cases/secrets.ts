import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { REDACTED, secretsOf } from '../../core/redaction.js';
import type { CaseDefinition, Trial } from '../trial.js';
import { SHORT_TIMEOUT_MS, withoutFault } from './failures.js';

/** Shortest secret that is searched for. A shorter text may be anywhere by chance. */
const MIN_LENGTH = 8;

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

/** Finds the views of a value in which a secret of the trial shows. It does not return the secret itself. */
function placesOf({ subject, backend }: Trial, value: unknown): readonly string[] {
  const { secrets = [...secretsOf(subject.settings), ...ownSecret(backend)] } = subject;
  const wanted = secrets.flatMap(formsOf).filter((secret) => secret.length >= MIN_LENGTH);
  return Object.entries(viewsOf(value)).flatMap(([view, text]) => {
    const shown = text.replaceAll(REDACTED, '');
    return wanted.some((secret) => shown.includes(secret)) ? [view] : [];
  });
}

function ownSecret(backend: { readonly secretKey: string }): readonly string[] {
  try {
    return [backend.secretKey];
  } catch {
    return [];
  }
}

function formsOf(secret: string): readonly string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64];
}

/** The ways in which people see a value. */
function viewsOf(value: unknown): Readonly<Record<string, string>> {
  return {
    'console.log': inspect(value),
    inspect: inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null }),
    JSON: json(value),
    ...(value instanceof Error && {
      message: value.message,
      stack: value.stack ?? '',
      cause: inspect(value.cause, { depth: 20, showHidden: true }),
      'own properties': json(
        Object.fromEntries(Object.getOwnPropertyNames(value).map((key) => [key, Reflect.get(value, key)])),
      ),
    }),
  };
}

function json(value: unknown): string {
  const seen = new Set<unknown>();
  const text = JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner);
    if (typeof inner !== 'object' || inner === null) return inner;
    if (seen.has(inner)) return undefined;
    seen.add(inner);
    return inner;
  });
  return text ?? '';
}
