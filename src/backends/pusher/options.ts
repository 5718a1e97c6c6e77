import { z } from 'zod';
import { MAX_TIMEOUT_MS } from '../../core/durations.js';
import { ConfigurationError } from '../../core/errors.js';
import { settingsCheck } from '../../core/schema-check.js';
import type { AppKeys } from '../../pusher-protocol/signature.js';
import { webhookOptions } from '../../webhooks/options.js';
import { HOST_RULE, isHost } from '../sdk/host.js';
import { isMasterKey } from './encryption.js';

/** An `http.Agent` or `https.Agent`; structural, so that our types need none of Node's. */
export interface HttpAgentLike {
  readonly maxSockets: number;
  destroy(): void;
}

/** Options of the pusher backend. */
export interface PusherOptions {
  /** The cluster that the application is in, such as `eu`. @default 'mt1' */
  cluster?: string | undefined;
  /** Host of the HTTP API, of another server that speaks it or of a dedicated cluster. @default that of the cluster */
  host?: string | undefined;
  /** Port of the HTTP API. @default 443 with `useSsl`, else 80 */
  port?: number | undefined;
  /** Host of the WebSockets, for `subscribe` and for browsers. @default that of the cluster, or `host` */
  wsHost?: string | undefined;
  /** Port of the WebSockets. @default `port` where `host` has the WebSockets too, else 443 with `useSsl` and 80 without */
  wsPort?: number | undefined;
  /** The key of end-to-end encrypted channels: 32 bytes in base64, as `openssl rand -base64 32` makes them. @default no encrypted channels */
  encryptionMasterKeyBase64?: string | undefined;
  /**
   * An `http.Agent`, or with `useSsl` an `https.Agent`: for a proxy, or a certificate authority of one's own. `close()` leaves it open.
   * @default one of the backend's own, with keep-alive
   */
  agent?: HttpAgentLike | undefined;
  /** Connections at once, of the backend's own agent. Requests of `send` are bound by `concurrency` before. @default 100 */
  maxSockets?: number | undefined;
  /** Size of an event's data in UTF-8 bytes, after encryption; dedicated clusters may take more. @default 10 240 (Pusher's) */
  maxEventBytes?: number | undefined;
  /** Deadline of a query, `sendToUser`, `terminateUserConnections` or `subscribe`, in milliseconds. @default 10 000 */
  requestTimeoutMs?: number | undefined;
  /** Turns `data` into JSON text. MUST be pure. @default JSON, which refuses what it would lose */
  encode?: ((data: unknown) => string) | undefined;
  /** Further keys of the application that may sign its webhooks, as while one is replaced by another. @default the settings' own alone */
  webhookKeys?: readonly AppKeys[] | undefined;
  /**
   * How far the time in a webhook may be from this machine's, in milliseconds; 3 600 000 at most. Pusher sends the same body for 5 minutes until it
   * is taken. @default 600 000
   */
  webhookMaxAgeMs?: number | undefined;
}

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
