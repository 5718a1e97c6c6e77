import type { BackendReference } from '../backends/built-in.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import type { Logger } from '../core/logger.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type {
  PushServerSettings,
  SettingsBesideDsn,
  SettingsOf,
  SettingsOfAny,
  SettingsOfSeveral,
  SettingsWithoutBackend,
} from '../settings/settings.js';
import type { CurrentRuntime } from './current-runtime.js';

/** The backends of a service, by the names of the setting `backends`. */
export type BackendsByName = Readonly<Record<string, AnyBackend>>;

/** The part of a push service that is set up and closed. */
export abstract class ConfiguredService<Backend extends AnyBackend, Backends extends BackendsByName>
  implements AsyncDisposable
{
  readonly #runtime: CurrentRuntime;

  constructor(runtime: CurrentRuntime) {
    this.#runtime = runtime;
  }

  /**
   * Sets up the service. Call it once, when the application starts. A second call replaces the backend: sends in
   * progress finish, the old backend closes, listeners and rules stay, and subscriptions end. `PUSH_SERVER` in the
   * environment is used where no `backend` is named, and without any call.
   * @param settings an object, or a DSN such as `websocket://KEY:SECRET@APPID?port=6001`
   * @param beside goes with a DSN: what it does not say, such as `{ sessions }`
   * @throws ConfigurationError for a wrong setting or a package that is not installed
   * @example
   * PushService.configure({ backend: 'pusher', appId, pubKey, secretKey, options: { cluster: 'eu' } });
   */
  configure<Settings extends PushServerSettings | string>(
    settings: SettingsOfAny<Settings>,
    beside?: SettingsBesideDsn,
  ): void;
  configure(settings: SettingsWithoutBackend): void;
  configure<Reference extends BackendReference>(settings: SettingsOf<Reference>): void;
  configure<const References extends Readonly<Record<string, BackendReference>>>(
    settings: SettingsOfSeveral<References>,
  ): void;
  configure(settings: unknown, beside?: SettingsBesideDsn): void {
    this.#runtime.start(settings, beside);
  }

  /**
   * The backend; of several, the first one. Its `api` is the client of the provider's package.
   * @throws ConfigurationError for wrong settings
   */
  get backend(): Backend {
    return this.#runtime.configured.backend as Backend;
  }

  /**
   * The backends by the names of the setting `backends`. With the setting `backend`, there is one, by its own name.
   * @throws ConfigurationError for wrong settings
   * @example
   * push.backends.mobile.api;
   */
  get backends(): Backends {
    const { all } = this.#runtime.configured;
    return Object.fromEntries(all.map(({ name, backend }) => [name, backend])) as BackendsByName as Backends;
  }

  /**
   * The session adapter, which finds users' channels; of several backends, that of the first.
   * @throws ConfigurationError for wrong settings
   */
  get sessions(): SessionAdapter {
    return this.#runtime.configured.sessions as SessionAdapter<never> as SessionAdapter;
  }

  /** The logger of the service. Its methods never throw. @throws ConfigurationError for wrong settings */
  get logger(): Logger {
    return (this.#runtime.latest ?? this.#runtime.configured).logger;
  }

  /** The setting `timeout`, in milliseconds. @throws ConfigurationError for wrong settings */
  get timeout(): number {
    return this.#runtime.configured.timeout;
  }

  /**
   * Resolves when the backend is open (of several, all), an embedded server then listens, and the message store if
   * there is one. `send` does not need it.
   * @throws ConfigurationError when one cannot open, for example because a port is taken; TimeoutError when it is late
   */
  async ready(): Promise<void> {
    const { configured } = this.#runtime;
    await Promise.all([configured.allOpened(), configured.recorded?.opened()]);
  }

  /**
   * Closes the service, within the setting `closeTimeout`; what it leaves behind is logged. Sends in progress finish,
   * the backend closes what it opened, and the process can end by itself. Later sends fail, until `configure`.
   */
  async close(): Promise<void> {
    await this.#runtime.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Closes the service, and forgets its settings, listeners and rules.
   * @internal
   */
  async reset(): Promise<void> {
    try {
      await this.#runtime.close();
    } finally {
      this.#runtime.forget();
    }
  }

  /** Shows the backends' settings, without secrets. */
  toJSON(): object {
    const { current } = this.#runtime;
    if (current?.destinations.areNamed !== true) return { backend: current?.backend.toJSON() };
    return { backends: Object.fromEntries(current.all.map(({ name, backend }) => [name, backend.toJSON()])) };
  }

  static {
    Object.defineProperty(ConfiguredService.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: ConfiguredService<AnyBackend, BackendsByName>): object {
        return { PushService: this.toJSON() };
      },
    });
  }
}
