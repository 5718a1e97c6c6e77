import * as z from 'zod/mini';
import { ConfigurationError } from '../../core/errors.js';
import { isPathPrefix, PATH_PREFIX_RULE } from '../../core/path-prefix.js';
import { settingsCheck } from '../../core/schema-check.js';
import { whole } from '../../core/schema-parts.js';
import type { AppKeys } from '../../pusher-protocol/signature.js';
import { webhookOptions } from '../../webhooks/options.js';
import { MAX_TIMEOUT_MS } from '../../wire/timers.js';
import { type GivenSdk, givenSdk } from '../sdk/given-sdk.js';
import { HOST_RULE, isHost } from '../sdk/host.js';
import { proxyOption } from '../sdk/provider-proxy.js';
import { isMasterKey } from './encryption.js';

/** An `http.Agent` or `https.Agent`. The type is structural, so that it needs no types of Node. */
export interface HttpAgentLike {
  readonly maxSockets: number;
  destroy(): void;
}

/**
 * Options of the pusher backend.
 * @example
 * PushService.configure({ backend: 'pusher', appId, pubKey, secretKey, options: { cluster: 'eu' } });
 */
export interface PusherOptions {
  /** Cluster of the application, such as `'eu'`. @default 'mt1' */
  cluster?: string | undefined;
  /**
   * Host of the HTTP API, for a dedicated cluster or another server with Pusher's API.
   * @default the host of the cluster
   */
  host?: string | undefined;
  /** Port of the HTTP API. @default 443; 80 with `useSsl: false` */
  port?: number | undefined;
  /**
   * What stands before `/apps/APPID` in the address of the HTTP API, such as `'/ws'`, and before `/app/KEY` where
   * `host` also serves the WebSockets. It goes with `host`, and is not signed.
   * @default nothing
   */
  path?: string | undefined;
  /** Host of the WebSockets, for `subscribe` and for browsers. @default the host of the cluster, or `host` */
  wsHost?: string | undefined;
  /**
   * Port of the WebSockets.
   * @default `port` when `host` also serves the WebSockets; else 443, or 80 with `useSsl: false`
   */
  wsPort?: number | undefined;
  /** What stands before `/app/KEY` in the address of the WebSockets. @default `path`, where `host` serves them */
  wsPath?: string | undefined;
  /**
   * Master key of end-to-end encrypted channels: 32 bytes in base64, such as `openssl rand -base64 32` prints.
   * @default none: encrypted channels are refused
   */
  encryptionMasterKeyBase64?: string | undefined;
  /**
   * An `https.Agent`, or an `http.Agent` with `useSsl: false`: for a proxy, or for your own certificate authority.
   * `close()` does not close it.
   * @default an agent of the backend, with keep-alive
   */
  agent?: HttpAgentLike | undefined;
  /**
   * Address of an HTTP proxy, such as `'http://user:password@10.0.0.1:3128'`, for all connections to the service. It
   * takes the place of `agent`.
   * @default what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say, where Node is told to use them
   */
  proxy?: string | undefined;
  /**
   * Most connections of the backend's own agent. The setting `concurrency` also limits the requests of `send`.
   * @default 100
   */
  maxSockets?: number | undefined;
  /**
   * Largest data of an event, in UTF-8 bytes after encryption. Dedicated clusters may take more.
   * @default 10 240 (Pusher: 10 KB an event)
   */
  maxEventBytes?: number | undefined;
  /** Deadline of a query, `sendToUser`, `terminateUserConnections` or `subscribe`, in milliseconds. @default 10 000 */
  requestTimeoutMs?: number | undefined;
  /**
   * More keys that may sign the application's webhooks, for example while you replace a key.
   * @default only the keys of the settings
   */
  webhookKeys?: readonly AppKeys[] | undefined;
  /**
   * Largest difference between the time in a webhook and the clock of this machine, in milliseconds; from 1 000 to
   * 3 600 000. Pusher repeats a webhook for 5 minutes with the same time.
   * @default 600 000
   */
  webhookMaxAgeMs?: number | undefined;
  /**
   * The class that the package `pusher` exports, if you load it yourself, as for a bundle.
   * @default the package is loaded
   */
  Pusher?: GivenSdk | undefined;
  /**
   * The class that the package `pusher-js` exports, which `subscribe` uses, if you load it yourself.
   * @default the package is loaded by the first `subscribe`
   */
  PusherJs?: GivenSdk | undefined;
}

/** The options that have a default. */
type FilledName = 'maxSockets' | 'maxEventBytes' | 'requestTimeoutMs' | 'webhookMaxAgeMs';

/** Checked options, with their defaults. */
export type CheckedOptions = { readonly [Name in FilledName]: NonNullable<PusherOptions[Name]> } & Omit<
  PusherOptions,
  FilledName
>;

const WHAT = "The pusher backend's options";

const check: (options: unknown) => CheckedOptions = settingsCheck(
  WHAT,
  buildSchema,
  new Map(['encode', 'encoder'].map((key) => [key, 'set "encode" beside "options"'])),
);

function buildSchema() {
  const host = z.custom<string>(isHost, HOST_RULE);
  const path = z.custom<string>(isPathPrefix, PATH_PREFIX_RULE);
  const port = whole(1, 65_535);
  const count = whole(1);
  return z.strictObject({
    cluster: z.optional(z.string().check(z.regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i, 'must be a name such as "eu"'))),
    host: z.optional(host),
    port: z.optional(port),
    path: z.optional(path),
    wsHost: z.optional(host),
    wsPort: z.optional(port),
    wsPath: z.optional(path),
    encryptionMasterKeyBase64: z.optional(
      z.custom<string>(isMasterKey, 'must be 32 bytes in base64, such as "openssl rand -base64 32" prints'),
    ),
    agent: z.optional(z.custom<HttpAgentLike>(isAgent, 'must be an http.Agent or https.Agent')),
    proxy: proxyOption(),
    maxSockets: z._default(count, 100),
    maxEventBytes: z._default(whole(1, 2 ** 28), 10_240),
    requestTimeoutMs: z._default(whole(1, MAX_TIMEOUT_MS), 10_000),
    ...webhookOptions(),
    Pusher: givenSdk('pusher', 'Pusher'),
    PusherJs: givenSdk('pusher-js', 'Pusher'),
  });
}

function isAgent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'addRequest' in value && typeof value.addRequest === 'function';
}

/** Checks the options. @throws ConfigurationError that names each wrong option */
export function checkOptions(options: unknown): CheckedOptions {
  const checked = check(options);
  if (checked.agent !== undefined && checked.proxy !== undefined)
    throw new ConfigurationError(`${WHAT}: "proxy" and "agent" exclude each other: leave one out.`, {
      backend: 'pusher',
    });
  refusePathWithoutHost(checked, 'path', 'host');
  refusePathWithoutHost(checked, 'wsPath', checked.wsHost === undefined ? 'host' : 'wsHost');
  return checked;
}

function refusePathWithoutHost(options: CheckedOptions, path: 'path' | 'wsPath', host: 'host' | 'wsHost'): void {
  if (options[path] === undefined || options[host] !== undefined) return;
  throw new ConfigurationError(`${WHAT}: "${path}" needs "${host}": the hosts of a cluster have no other paths.`, {
    backend: 'pusher',
  });
}

/**
 * Checks the application's id and key, which the SDK puts into addresses unchanged.
 * @throws ConfigurationError for one that would change the address
 */
export function checkAddressed(appId: string, pubKey: string): void {
  for (const [key, value] of Object.entries({ appId, pubKey })) {
    if (/^(?!\.{1,2}$)[\w.~-]+$/.test(value)) continue;
    throw new ConfigurationError(
      `The pusher backend: "${key}" may hold only letters, digits and _ - . ~ (see Pusher's dashboard).`,
      { backend: 'pusher' },
    );
  }
}
