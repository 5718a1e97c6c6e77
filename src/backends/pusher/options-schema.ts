import { z } from 'zod';
import { MAX_TIMEOUT_MS } from '../../durations.js';
import { ConfigurationError } from '../../errors.js';
import { settingsCheck } from '../../schema-check.js';
import { webhookOptions } from '../channels/webhook-options.js';
import { HOST_RULE, isHost } from '../http/host.js';
import { isMasterKey } from './encryption.js';
import type { HttpAgentLike, PusherOptions } from './pusher-options.js';

/** Names of the options that have a default of their own. */
type FilledName = 'maxSockets' | 'maxEventBytes' | 'requestTimeoutMs' | 'webhookMaxAgeMs';

/** Options that have been checked. */
export type CheckedOptions = { readonly [Name in FilledName]: NonNullable<PusherOptions[Name]> } & Omit<
  PusherOptions,
  FilledName
>;

const WHAT = "The pusher backend's options";

const check: (options: unknown) => CheckedOptions = settingsCheck(WHAT, buildSchema, ['pubKey', 'secretKey']);

function buildSchema() {
  const host = z.custom<string>(isHost, HOST_RULE);
  const port = z.number().int().min(1).max(65_535);
  const count = z.number().int().min(1);
  return z.strictObject({
    cluster: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i, 'must be a name such as "eu"')
      .optional(),
    host: host.optional(),
    port: port.optional(),
    wsHost: host.optional(),
    wsPort: port.optional(),
    encryptionMasterKeyBase64: z
      .custom<string>(isMasterKey, 'must be 32 bytes in base64, as "openssl rand -base64 32" makes them')
      .optional(),
    agent: z.custom<HttpAgentLike>(isAgent, 'must be an http.Agent or https.Agent').optional(),
    maxSockets: count.default(100),
    maxEventBytes: count.max(2 ** 28).default(10_240),
    requestTimeoutMs: count.max(MAX_TIMEOUT_MS).default(10_000),
    encode: z
      .custom<(data: unknown) => string>((value) => typeof value === 'function', 'must be a function that returns JSON')
      .optional(),
    ...webhookOptions(),
  });
}

function isAgent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'addRequest' in value && typeof value.addRequest === 'function';
}

/** @throws ConfigurationError naming each option that is wrong */
export function checkOptions(options: unknown): CheckedOptions {
  return check(options);
}

/**
 * The SDK puts the application's id and key into addresses as they are.
 * @throws ConfigurationError for one that would lead elsewhere
 */
export function checkAddressed(appId: string, pubKey: string): void {
  for (const [key, value] of Object.entries({ appId, pubKey })) {
    if (/^(?!\.{1,2}$)[\w.~-]+$/.test(value)) continue;
    throw new ConfigurationError(
      `"${key}" holds letters, digits and _ - . ~ with the pusher backend: see the dashboard.`,
      {
        backend: 'pusher',
      },
    );
  }
}
