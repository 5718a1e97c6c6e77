import type { CircuitOptions } from './composite/options.js';
import { CompositeService } from './composite/service.js';
import type { AboutBackend } from './contract/about.js';
import type { BackendSettings, Credential, Credentials } from './contract/settings.js';
import type { AnyBackend, PushServiceWrapperClass } from './contract/wrapper.js';
import * as registry from './registry.js';

/** The class of a built-in backend. Its constructor loads the SDK that it needs, never the module. */
type BuiltInClass = PushServiceWrapperClass & { readonly about: AboutBackend };

// A copy: the build decides about the order of a module's namespace, and whether it has a "constructor" as every object
// has.
const builtIn: ReadonlyMap<string, BuiltInClass> = new Map<string, BuiltInClass>(Object.entries(registry));

/** The names that `PUSH_SERVER.backend` takes, in alphabetical order. */
export const backendNames: readonly string[] = [...builtIn.keys()].sort();

/** The class of the built-in backend with this name, or undefined when there is none. */
export function namedBackend(name: string): PushServiceWrapperClass | undefined {
  return builtIn.get(name);
}

/** The name of a backend's class in errors: a bundler that minifies renames the built-in ones. */
export function nameOfClass(Backend: PushServiceWrapperClass): string {
  for (const [name, Known] of builtIn) if (Known === Backend) return name;
  return Backend.name;
}

/** Whether this is the name of a backend that is made of others, which its option `backends` lists. */
export function isComposite(name: unknown): boolean {
  return typeof name === 'string' && builtIn.get(name)?.prototype instanceof CompositeService;
}

/** The credential that follows the `@` of a backend's DSN. */
export function dsnAccount(name: string): Credential {
  return builtIn.get(name)?.about.dsnAccount ?? 'appId';
}

/** The name of a built-in backend. */
type BackendName = keyof typeof registry;

/** The class of the built-in backend with this name. */
type ClassOf<Name extends BackendName> = (typeof registry)[Name];

/** The values that the setting `backend` takes: a name, `'./module.js#Export'`, a DSN, a class, or an instance. */
export type BackendReference = BackendName | TextReference | PushServiceWrapperClass | AnyBackend;

/** A backend's module with its export, or a DSN. */
type TextReference = `${string}#${string}` | `${string}:${string}`;

/** The type of the backend that a value of `backend` stands for. */
export type BackendOf<Reference> = Reference extends BackendName
  ? InstanceType<ClassOf<Reference>>
  : Reference extends abstract new (
        ...parameters: never[]
      ) => infer Instance
    ? Extract<Instance, AnyBackend>
    : Reference extends AnyBackend
      ? Reference
      : AnyBackend;

/** The options that go with a value of `backend`. An instance takes none: its constructor has had them. */
export type OptionsOf<Reference> = Reference extends BackendName
  ? InstanceType<ClassOf<Reference>> extends CompositeService
    ? CompositeSettings
    : OptionsOf<ClassOf<Reference>>
  : Reference extends new (
        settings: BackendSettings<infer Options>,
      ) => AnyBackend
    ? Options
    : Reference extends AnyBackend
      ? never
      : object;

/** The setting `backend` with a built-in backend's name, and its options. A composite cannot do without options. */
type NamedChoice = {
  [Name in BackendName]: InstanceType<ClassOf<Name>> extends CompositeService
    ? { backend: Name; options: CompositeSettings }
    : { backend: Name; options?: OptionsOf<Name> | undefined };
}[BackendName];

/** The setting `backend`, with the options that belong to it. */
export type BackendChoice =
  | NamedChoice
  | { backend: PushServiceWrapperClass | TextReference; options?: object | undefined }
  | { backend: AnyBackend };

/** One of the backends that a composite is made of: its settings, a DSN, or an instance. */
export type ChildSettings = (Credentials & BackendChoice) | AnyBackend | string;

/** Options of a composite (`failover`, `roundrobin`, `fanout`) as `PUSH_SERVER` takes them. */
export interface CompositeSettings extends CircuitOptions {
  /**
   * Two or more, in order. Settings of the service itself, such as `timeout`, are set once, beside the outermost
   * `backend`.
   */
  backends: readonly ChildSettings[];
}
