// Not by its name, for the sake of bundles: see sdk/peer.ts.
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { ConfigurationError, PushError } from '../core/errors.js';
import { causeOf, cleaned, secretsOf, textOf, withoutSecrets } from '../core/redaction.js';
import { didYouMean } from '../core/schema-check.js';
import { isComposite, namedBackend, nameOfClass } from './built-in.js';
import type { BackendSettings } from './contract/settings.js';
import { type AnyBackend, PushServiceWrapper, type PushServiceWrapperClass } from './contract/wrapper.js';

/** Checked settings of one backend within a composite. */
interface CheckedChild extends BackendSettings<object> {
  readonly backend: string | PushServiceWrapperClass | AnyBackend;
}

/**
 * Builds the backend that the settings name. A composite's backends are built first.
 * @throws ConfigurationError when the module, its export or an SDK is missing, or the backend refuses its settings
 */
export function loadBackend(
  backend: string | PushServiceWrapperClass | AnyBackend,
  settings: BackendSettings<object>,
): AnyBackend {
  if (PushServiceWrapper.isWrapper(backend)) {
    const ignored = Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [`"${key}"`]));
    if (ignored.length === 0) return backend;
    throw new ConfigurationError(
      `PUSH_SERVER: ${ignored.join(', ')} cannot be set beside an instance, which has its settings already: pass them to its constructor.`,
      { backend: backend.name },
    );
  }
  if (typeof backend !== 'string') return build(backend, settings);
  const Backend = namedBackend(backend) ?? loadExport(backend);
  return build(Backend, isComposite(backend) ? withBackends(settings) : settings);
}

/** Builds the backends in a composite's options. */
function withBackends(settings: BackendSettings<object>): BackendSettings<object> {
  const { options } = settings;
  if (options === undefined || !('backends' in options) || !Array.isArray(options.backends)) return settings;
  const backends = (options.backends as readonly (AnyBackend | CheckedChild)[]).map((child) => {
    if (PushServiceWrapper.isWrapper(child)) return child;
    const { backend, ...own } = child;
    return loadBackend(backend, own);
  });
  return { ...settings, options: { ...options, backends } };
}

function build(Backend: PushServiceWrapperClass, settings: BackendSettings<object>): AnyBackend {
  let backend: AnyBackend;
  try {
    backend = new Backend(settings as BackendSettings<never>);
  } catch (error) {
    const secrets = secretsOf(settings);
    const redactor = { redact: (text: string) => withoutSecrets(text, secrets) };
    if (error instanceof PushError) throw cleaned(error, redactor);
    throw new ConfigurationError(
      `The ${nameOfClass(Backend)} backend refused its settings: ${textOf(error, redactor)}`,
      {
        cause: causeOf(error, redactor),
      },
    );
  }
  if ('sendData' in backend) return backend;
  throw new ConfigurationError(`The ${nameOfClass(Backend)} backend has no method sendData(channel, message).`);
}

/** Loads the class that `'module#Export'` names. The module is a path from the working directory, or a package. */
function loadExport(reference: string): PushServiceWrapperClass {
  const [path = '', exportName = ''] = reference.split(/#(?=[^#]*$)/);
  const exports = loadModule(path);
  const found = exports[exportName];
  if (PushServiceWrapper.isWrapperClass(found)) return found;
  throw new ConfigurationError(
    exportName in exports
      ? `PUSH_SERVER.backend: "${exportName}" of "${path}" is not a subclass of PushServiceWrapper.`
      : `PUSH_SERVER.backend: "${path}" has no export "${exportName}"${didYouMean(exportName, Object.keys(exports))}`,
  );
}

function loadModule(path: string): Record<string, unknown> {
  const directory = process.cwd();
  try {
    const exports: unknown = nodeModule.createRequire(join(directory, 'from-here.js'))(path);
    return Object(exports) as Record<string, unknown>;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ERR_REQUIRE_ASYNC_MODULE') {
      throw new ConfigurationError(
        `PUSH_SERVER.backend: "${path}" uses top-level await, so it cannot be loaded by its name: import it and pass the class itself.`,
        { cause },
      );
    }
    const isMissing = code === 'MODULE_NOT_FOUND' && cause instanceof Error && cause.message.includes(`'${path}'`);
    throw new ConfigurationError(
      isMissing
        ? `PUSH_SERVER.backend: the module "${path}" was not found from ${directory}. A path begins with "./" or "/", as in "./my-service.js#MyService".`
        : `PUSH_SERVER.backend: the module "${path}" could not be loaded: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

/** The first line of an error's message; Node writes the chain of modules on the next ones. */
function reasonOf(cause: unknown): string {
  const [line = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return line;
}
