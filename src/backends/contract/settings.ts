import { ConfigurationError } from '../../core/errors.js';
import { redacted, secretsOf, withoutSecrets } from '../../core/redaction.js';

/** The credentials of an application at its provider. Each backend says which of them it needs. */
export interface Credentials {
  /**
   * The application's id. That of an embedded server is best of digits alone, as Pusher's are: the server libraries for
   * Python and Go refuse any other.
   */
  appId?: string | undefined;
  /** The public key. */
  pubKey?: string | undefined;
  /** PubNub: the subscribe key. */
  subKey?: string | undefined;
  secretKey?: string | undefined;
  /** Whether to talk to the provider over TLS. @default true */
  useSsl?: boolean | undefined;
}

/** The settings that every backend shares, and its own `options`. */
export interface BackendSettings<Options extends object = Record<string, unknown>> extends Credentials {
  /** The backend's own options. */
  options?: Options | undefined;
}

/** A setting that names an application to its provider, or proves that it is the one. */
export type Credential = 'appId' | 'pubKey' | 'subKey' | 'secretKey';

/** Reads a backend's settings: it names what is missing, and keeps secrets out of what is shown. */
export class SettingsReader<Options extends object> {
  readonly values: BackendSettings<Options>;
  readonly #backend: () => string;
  #secrets: ReadonlySet<string> | undefined;

  /** @param backend gives the backend's name, which may be made from its settings */
  constructor(settings: BackendSettings<Options>, backend: () => string) {
    this.values = { ...settings };
    this.#backend = backend;
  }

  /** @throws ConfigurationError when the credential is missing */
  credential(key: Credential): string {
    this.require([key]);
    return this.values[key] as string;
  }

  /** @throws ConfigurationError naming every credential that is missing */
  require(keys: readonly Credential[]): void {
    const missing = keys.filter((key) => !this.values[key]);
    if (missing.length === 0) return;
    const backend = this.#backend();
    throw new ConfigurationError(
      `The ${backend} backend needs ${missing.map((key) => `"${key}"`).join(', ')}: set ${missing.length === 1 ? 'it' : 'them'} in PUSH_SERVER beside "backend".`,
      { backend },
    );
  }

  /** The text with each of the settings' secrets replaced. */
  redact(text: string): string {
    this.#secrets ??= secretsOf(this.values);
    return withoutSecrets(text, this.#secrets);
  }

  /** The backend's name and its settings, with each secret replaced. */
  shown(): object {
    return redacted({ backend: this.#backend(), ...this.values });
  }
}
