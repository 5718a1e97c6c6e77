import { en } from 'zod/locales';
import * as z from 'zod/mini';
import { ConfigurationError } from './errors.js';
import { isSecretName } from './redaction.js';

/**
 * Makes a function that checks settings by a schema. It builds the schema at its first call, because that takes longer
 * than loading the package.
 * @param what names the settings in errors, such as `PUSH_SERVER` or `The console backend's options`
 * @param build makes the schema, with `z.strictObject`
 * @param advice tells what to write instead of an unknown key, by that key
 * @returns a function that returns the checked settings. A text of digits counts as a number and `'true'` or `'false'`
 * as a boolean where one is wanted. It throws a ConfigurationError that names each wrong key with
 * the expected and the found value, but never shows a secret.
 */
export function settingsCheck<T>(
  what: string,
  build: () => z.core.$ZodType<T>,
  advice: ReadonlyMap<string, string> = new Map(),
): (value: unknown) => T {
  let schema: z.core.$ZodType<T> | undefined;
  return (value) => {
    schema ??= build();
    const options = { reportInput: true, error: inEnglish };
    let result = z.safeParse(schema, value, options);
    if (!result.success) result = z.safeParse(schema, withTextsRead(value, result.error.issues), options);
    if (result.success) return result.data;
    const def: SchemaDef = schema._zod.def as object;
    const problems = result.error.issues.flatMap((issue) => describe(issue, keysAt(def, issue.path), advice));
    throw new ConfigurationError(`${what}: ${problems.join('; ')}.`);
  };
}

let english: ReturnType<typeof en> | undefined;

/** Tells of an issue in English, whatever an application sets with `z.config` for every zod in the process. */
function inEnglish(issue: z.core.$ZodRawIssue): ReturnType<z.core.$ZodErrorMap> {
  english ??= en();
  return english.localeError(issue);
}

/** The part of a schema's definition that leads to the schemas within it. */
interface SchemaDef {
  /** Of an object: the schema of each key. */
  readonly shape?: Readonly<Record<string, { readonly def: SchemaDef }>>;
  /** Of a schema that is optional or has a default: the schema of a value. */
  readonly innerType?: { readonly def: SchemaDef };
  /** Of a list: the schema of its elements. */
  readonly element?: { readonly def: SchemaDef };
  /** Of a record: the schema of its values. */
  readonly valueType?: { readonly def: SchemaDef };
  /** Of a schema that is made when it is needed: makes it. */
  readonly getter?: () => { readonly def: SchemaDef };
}

/** The keys of the object at a path, to suggest one for a misspelt key. */
function keysAt(def: SchemaDef, path: readonly PropertyKey[]): readonly string[] {
  const { shape, innerType = def.getter?.(), element, valueType } = def;
  if (innerType !== undefined) return keysAt(innerType.def, path);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(shape ?? {});
  const inner = shape?.[String(key)] ?? element ?? valueType;
  return inner === undefined ? [] : keysAt(inner.def, rest);
}

/** Reads texts where a number or a boolean is wanted: environment variables have nothing else. */
function withTextsRead(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  return issues.reduce((read, issue) => {
    const meant = wantedTypes(issue)
      .map((wanted) => meaning(issue.input, wanted))
      .find((found) => found !== undefined);
    return meant === undefined ? read : replaced(read, issue.path, meant);
  }, value);
}

/** The types that would have been right. A union has several, all of which were wrong. */
function wantedTypes(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_type') return [issue.expected];
  return issue.code === 'invalid_union' ? issue.errors.flat().flatMap(wantedTypes) : [];
}

/**
 * What a text means: `'6001'` where a number is wanted, `'true'` or `'false'` where a boolean is. Where a list is
 * wanted, it is a list of one: a DSN makes a list only of what it names twice.
 */
function meaning(text: unknown, wanted: string): number | boolean | string[] | undefined {
  if (typeof text !== 'string') return undefined;
  if (wanted === 'array') return [text];
  if (wanted === 'boolean' && /^(?:true|false)$/.test(text)) return text === 'true';
  return wanted === 'number' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A copy of settings with another value at a path that is there. */
function replaced(value: unknown, [key, ...rest]: readonly PropertyKey[], other: unknown): unknown {
  if (key === undefined) return other;
  const copy: object = Array.isArray(value) ? [...value] : { ...(value as object) };
  return Object.assign(copy, { [key]: replaced(Reflect.get(copy, key), rest, other) });
}

function describe(
  issue: z.core.$ZodIssue,
  knownKeys: readonly string[],
  advice: ReadonlyMap<string, string>,
): string[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const found = advice.get(key) ?? didYouMean(key, knownKeys).replace(/^; (.*?)\.?$/, '$1');
      return `unknown key "${path === '' ? key : `${path}.${key}`}"${found === '.' ? '' : ` (${found})`}`;
    });
  }
  return [`${path === '' ? 'it' : `"${path}"`} ${reason(issue)}, found ${kindOf(issue.input, isSecretName(path))}`];
}

function reason(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return issue.expected === 'int' ? 'must be an integer' : `must be of type ${issue.expected}`;
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  if (issue.code === 'too_small' && issue.origin === 'number') return `must be at least ${issue.minimum}`;
  if (issue.code === 'too_big' && issue.origin === 'number') return `must be at most ${issue.maximum}`;
  return issue.message.replace(/^Invalid input: expected /, 'must be ');
}

/** Describes a value by its type. A number or boolean that is no secret is shown itself. */
function kindOf(value: unknown, isSecret: boolean): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'boolean' || (typeof value === 'number' && !isSecret)) return String(value);
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Ends an error about an unknown name: `; did you mean "x"?`, or `; known are x, y.` when no name is close. */
export function didYouMean(name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  if (guess !== undefined) return `; did you mean "${guess}"?`;
  return known.length === 0 ? '.' : `; known are ${known.join(', ')}.`;
}

/** Finds the known name that is closest to a misspelt one; undefined when none is close. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.slice(0, 64).toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(wanted.length < 4 ? 1 : 2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const found = distance(wanted, candidate.toLowerCase());
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

/** Edit distance (insertions, deletions, substitutions, swaps of neighbours) between two short words. */
function distance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(beforePrevious, j - 2) + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
