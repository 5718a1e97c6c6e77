/** Options of the `pubnub` backend. */
export interface PubNubOptions {
  /** Host of the service, with its port where that is not the usual one. @default 'ps.pndsn.com' */
  origin?: string | undefined;
  /** How this server appears to others: 1 to 92 characters. The same on each start, as PubNub bills by it. @default 'pushrail' */
  userId?: string | undefined;
  /** Encrypts messages, though not signals; whoever receives needs the same key. @default nothing is encrypted */
  cipherKey?: string | undefined;
  /** How messages are encrypted. Either decrypts both. @default 'aes-cbc' */
  cryptor?: 'aes-cbc' | 'legacy' | undefined;
  /** Whether the cryptor `'legacy'` uses a random initialisation vector; the same on both sides. @default true */
  useRandomIVs?: boolean | undefined;
  /** How long messages are stored, in hours; 0 for ever. @default as the key set has it */
  ttl?: number | undefined;
  /** Whether messages are stored. @default as the key set has it */
  storeInHistory?: boolean | undefined;
  /** Size of a message as it is sent, encrypted where it is, in bytes. PubNub takes 32 768 with address and headers. @default 30 000 */
  maxMessageBytes?: number | undefined;
  /**
   * Connections at once; all subscriptions together take one of them. Without this bound, version 12 opens more than there are requests.
   * @default as many as the setting `concurrency`, at least 2
   */
  maxSockets?: number | undefined;
  /** How long a request that is not a message may take, in milliseconds; messages have the `timeout` of the settings. @default 10 000 */
  requestTimeoutMs?: number | undefined;
  /** How long `subscribe` waits until PubNub has confirmed, in milliseconds. @default 10 000 */
  subscribeTimeoutMs?: number | undefined;
  /** How long the service may hold a subscription's request while nothing comes in, in whole seconds. @default 310 */
  longPollSeconds?: number | undefined;
  /** Which messages come in, in PubNub's filter language over their `meta`. @default all */
  filterExpression?: string | undefined;
  /** Whether presence hears nothing of it when this server unsubscribes. @default false */
  suppressLeaveEvents?: boolean | undefined;
  /** How long the token of `authorizeChannel` is valid, in minutes: 1 to 43 200. @default 60 */
  tokenTtlMinutes?: number | undefined;
  /** Key of the former Access Manager, version 2. @default none */
  authKey?: string | undefined;
  /** Token of Access Manager version 3, for a server without the secret key. `backend.api.setToken` renews it. @default none */
  token?: string | undefined;
  /**
   * What webhooks of Events & Actions must have as the header `Authorization: Bearer …`, because PubNub signs nothing: 16 characters or
   * more. Of a list any will do, as while one is replaced by another. @default no webhooks are taken
   */
  webhookSecret?: string | readonly string[] | undefined;
  /** The class that the package `pubnub` exports, where you load it yourself, as with a bundler. @default loaded from the package */
  PubNub?: (new (configuration: never) => object) | undefined;
}
