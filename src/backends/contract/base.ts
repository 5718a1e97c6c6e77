import { UnsupportedOperationError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { IncomingMessage } from '../../wire/message.js';
import { type BackendHost, HostSlot } from './host.js';
import { type BackendSettings, type Credential, SettingsReader } from './settings.js';

/**
 * The finished part of a backend: the settings as authors read them, the tools that authors call, and the methods that
 * the service calls. Nothing of it is overridden; `PushServiceWrapper`, which authors extend, holds what may be.
 */
export abstract class BackendBase<Options extends object> {
  readonly #settings: SettingsReader<Options>;
  readonly #slot = new HostSlot();

  constructor(settings: BackendSettings<Options> = {}) {
    this.#settings = new SettingsReader(settings, () => this.name);
    // Authors hand it to their clients as a callback.
    const receive = this.receive.bind(this);
    Object.defineProperty(this, 'receive', { value: receive, configurable: true, writable: true });
  }

  static {
    Object.defineProperty(BackendBase.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: BackendBase<object>): object {
        return this.toJSON();
      },
    });
  }

  abstract get name(): string;

  /** @throws ConfigurationError when `appId` is not configured */
  get appId(): string {
    return this.#settings.credential('appId');
  }

  /** @throws ConfigurationError when `pubKey` is not configured */
  get pubKey(): string {
    return this.#settings.credential('pubKey');
  }

  /** @throws ConfigurationError when `subKey` is not configured */
  get subKey(): string {
    return this.#settings.credential('subKey');
  }

  /** @throws ConfigurationError when `secretKey` is not configured */
  get secretKey(): string {
    return this.#settings.credential('secretKey');
  }

  /** Whether to talk to the provider over TLS. @default true, or `useSslByDefault` of a backend that overrides it */
  get useSsl(): boolean {
    return this.#settings.values.useSsl ?? this.useSslByDefault;
  }

  protected abstract get useSslByDefault(): boolean;

  /** The backend's own options, as they were written. @default an empty object */
  get options(): Options {
    return this.#settings.values.options ?? ({} as Options);
  }

  /**
   * Checks credentials. Call it in the constructor, so that a missing one shows at `configure`.
   * @throws ConfigurationError naming every credential that is missing
   */
  protected requireCredentials(...keys: Credential[]): void {
    this.#settings.require(keys);
  }

  /**
   * Hands an incoming message to `messageReceived`. It never throws: a listener that does is logged and ends nothing.
   * It may be handed on as a callback, `this.receive`.
   */
  receive(message: IncomingMessage): void {
    this.#slot.host?.receive(message);
  }

  /** The logger of the service that uses the backend, and the default one before that. It never throws. */
  protected get logger(): Logger {
    return this.#slot.logger;
  }

  /**
   * Turns data into JSON text as `send` does, for methods of a backend's own that send.
   * @throws ValidationError for what JSON would lose
   */
  protected jsonText(data: unknown): string {
    return this.#slot.host?.json?.(data) ?? JSON.stringify(data);
  }

  /** Makes the error for something that the backend cannot do. @param advice what to do instead */
  protected unsupported(operation: string, advice: string): UnsupportedOperationError {
    const { name: backend } = this;
    return new UnsupportedOperationError(`The ${backend} backend cannot ${operation}: ${advice}.`, { backend });
  }

  /**
   * Connects the backend to the service that uses it, whose host gets what comes in. Called by the service.
   * @returns a function that ends the connection
   * @throws ConfigurationError when another service uses the backend
   */
  connect(host: BackendHost): () => void {
    return this.#slot.take(host, this.name);
  }

  /** The text with each of the settings' secrets replaced: for whatever leaves the process or is logged. */
  redact(text: string): string {
    return this.#settings.redact(text);
  }

  /** The settings, with each secret replaced. */
  toJSON(): object {
    return this.#settings.shown();
  }
}
