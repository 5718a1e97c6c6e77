import type { OneSignalMessageOptions } from './message-options.js';

/** Options of the onesignal backend. */
export interface OneSignalOptions {
  /** Address of the API. One with `http:` needs `useSsl: false`. @default 'https://api.onesignal.com' */
  apiRoot?: string | undefined;
  /** What a channel is: an alias of a user, the id of a subscription (one device), or the name of a segment. @default 'aliases' */
  target?: 'aliases' | 'subscriptions' | 'segments' | undefined;
  /** The label of the aliases that channels are, for `target: 'aliases'`: `'onesignal_id'`, or one of your own. @default 'external_id' */
  aliasLabel?: string | undefined;
  /**
   * The recipient that a channel stands for, such as `(channel) => channel.replace('user-', '')`. Called more than once for the same
   * channel; MUST always return the same. @default the channel itself
   */
  recipient?: ((channel: string) => string) | undefined;
  /** BCP 47 tag of the language of a notification that has no `locale`. @default 'en' */
  language?: string | undefined;
  /** `backendOptions` for every message; a message's own go before them. @default none */
  defaults?: OneSignalMessageOptions | undefined;
  /** Size of a notification's data with the event's name and id, in UTF-8 bytes. @default 2 048 (OneSignal's) */
  maxDataBytes?: number | undefined;
  /**
   * What the webhooks of an Event Stream must have as the header `Authorization: Bearer …`, because OneSignal signs nothing: 16 characters
   * or more. Of a list any will do, as while one is replaced by another. @default no webhooks are taken
   */
  webhookSecret?: string | readonly string[] | undefined;
  /** How long `cancel` and `viewNotification` wait for an answer, in milliseconds. @default 10 000 */
  requestTimeoutMs?: number | undefined;
  /**
   * The private key of Identity Verification, a PEM text (EC, P-256) from Settings > Keys & IDs. With it, users' clients are signed in by a
   * token, and OneSignal lets nobody pass for another. @default none: clients log in by the user's id alone
   */
  identityPrivateKey?: string | undefined;
  /** How long such a token is valid, in minutes. @default 60 */
  identityTokenTtlMinutes?: number | undefined;
}
