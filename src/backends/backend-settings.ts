/** The settings that every backend shares, and its own `options`. */
export interface BackendSettings<Options extends object = Record<string, unknown>> {
  appId?: string | undefined;
  /** The public key. */
  pubKey?: string | undefined;
  /** The subscribe key (PubNub). */
  subKey?: string | undefined;
  secretKey?: string | undefined;
  /** Whether to talk to the provider over TLS. @default true */
  useSsl?: boolean | undefined;
  /** The backend's own options. */
  options?: Options | undefined;
}

/** The settings that name an application to its provider. */
export type Credential = 'appId' | 'pubKey' | 'subKey' | 'secretKey';
