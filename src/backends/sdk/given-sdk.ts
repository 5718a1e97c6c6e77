import * as z from 'zod/mini';
import { isRecord } from '../../wire/is-record.js';

/** A class of an SDK, or what `import * as` gives for its module. */
export type GivenSdk = (new (...parameters: never[]) => object) | { readonly default: unknown };

/** Most namespaces around a class: a bundle of ES modules may put that of a CommonJS module into another one. */
const MAX_NAMESPACES = 3;

/**
 * The schema of an option that takes an SDK's class, for applications whose bundle holds the SDK.
 * @param packageName the package that exports the class
 * @param name the class, where a namespace has it by its name
 */
export function givenSdk(packageName: string, name: string): z.ZodMiniOptional<z.ZodMiniType<GivenSdk, unknown>> {
  const message = `must be the class that the package "${packageName}" exports, or the namespace of its import`;
  return z.optional(
    z.pipe(
      z.transform((given: unknown) => classIn(given, name) ?? given),
      z.custom<GivenSdk>(isClass, message),
    ),
  );
}

/**
 * Finds the class in what a module exports. Version 8.5.0 of `pusher-js` exports an object with it, others the class.
 */
export function classIn(given: unknown, name: string): unknown {
  let found = given;
  for (let depth = 0; depth < MAX_NAMESPACES; depth++) {
    const inner = partOf(found, name) ?? partOf(found, 'default');
    if (inner === undefined) break;
    found = inner;
  }
  return isClass(found) ? found : undefined;
}

/** A namespace may be a function: Turbopack makes one that calls the class without `new`. */
function partOf(owner: unknown, name: string): unknown {
  return typeof owner === 'function' || isRecord(owner) ? Reflect.get(owner, name) : undefined;
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && value.prototype !== undefined;
}
