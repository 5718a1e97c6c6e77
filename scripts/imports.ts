import { posix } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { allowedImports, house, type Part } from './house.ts';

/** One import in a file, whatever its form: `import`, `export … from`, `import()`, or `import('…')` in a type. */
interface Import {
  readonly from: string;
  readonly line: number;
  /** Whether nothing is left of it when types are stripped. */
  readonly isType: boolean;
}

/** An import that the rules of scripts/house.ts refuse. */
export interface RefusedImport {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/**
 * Holds a file to the rules of its part.
 * @param file its path within src/
 * @param peers the optional packages, which a part imports only where its row names them
 */
export function refusedImports(file: string, text: string, peers: readonly string[]): readonly RefusedImport[] {
  const part = partOf(file);
  if (part === undefined) return [{ file, line: 1, reason: 'belongs to no part of the house' }];
  return importsOf(file, text).flatMap(({ from, line, isType }) => {
    const isAllowed = from.startsWith('.')
      ? mayImport(part, file, resolved(file, from), isType)
      : (part.packages?.includes(from) ?? !peers.includes(packageOf(from)));
    if (isAllowed) return [];
    return [
      { file, line, reason: `${isType ? 'imports the types of' : 'imports'} "${from}", which ${part.path} may not` },
    ];
  });
}

/**
 * Finds the entries of the rules that no file needs.
 * @param texts each file of src/, by its path within src/
 * @returns `part → entry`; with ` (types)` where types alone are imported and the rule allows more
 */
export function unusedRules(texts: ReadonlyMap<string, string>): readonly string[] {
  const found = house.map((part) => ({
    part,
    imports: [...texts].flatMap(([file, text]) =>
      partOf(file) !== part
        ? []
        : importsOf(file, text).flatMap(({ from, isType }) =>
            from.startsWith('.') ? [{ imported: resolved(file, from), isType }] : [],
          ),
    ),
  }));
  return found.flatMap(({ part, imports }) =>
    part.imports.flatMap((entry) => {
      const [path = '', types] = entry.split(' ');
      const fitting = imports.filter(({ imported }) => partOf(imported) !== part && fits(path, imported));
      if (fitting.length === 0) return [`${part.path} → ${entry}`];
      return types === undefined && fitting.every(({ isType }) => isType) ? [`${part.path} → ${path} (types)`] : [];
    }),
  );
}

/** Stands for what an import of an expression loads. A part that has such imports names it among its packages. */
const COMPUTED = 'a computed address';

/** Every import of a file. */
function importsOf(file: string, text: string): readonly Import[] {
  const { program, errors } = parseSync(file, text);
  if (errors[0] !== undefined) throw new SyntaxError(`src/${file}: ${errors[0].message}`);
  const found: Import[] = [];
  const add = (source: { value?: unknown; start: number } | null, isType: boolean): void => {
    if (source === null) return;
    const line = text.slice(0, source.start).split('\n').length;
    found.push({ from: String(source.value), line, isType });
  };
  new Visitor({
    ImportDeclaration: ({ source, importKind }) => add(source, importKind === 'type'),
    ExportNamedDeclaration: ({ source, exportKind }) => add(source, exportKind === 'type'),
    ExportAllDeclaration: ({ source, exportKind }) => add(source, exportKind === 'type'),
    ImportExpression: ({ source }) =>
      add(source.type === 'Literal' ? source : { value: COMPUTED, start: source.start }, false),
    TSImportType: ({ source }) => add(source, true),
  }).visit(program);
  return found;
}

function mayImport(part: Part, file: string, imported: string, isType: boolean): boolean {
  const target = partOf(imported);
  if (target === undefined) return false;
  if (target === part) return homeOf(part, file) === homeOf(part, imported);
  return allowedImports(part).some((entry) => {
    const [path = '', types] = entry.split(' ');
    return (isType || types === undefined) && fits(path, imported);
  });
}

/** Whether the path of a rule stands for a file: it names the file, a folder of it, or its part. */
function fits(path: string, imported: string): boolean {
  return pattern(path).test(imported) || path === partOf(imported)?.path;
}

/** The part that a file belongs to: of several, the one whose path names it most exactly. */
function partOf(file: string): Part | undefined {
  const isExact = ({ path }: Part): number => (path.includes('*') ? 0 : path.length);
  return house.filter(({ path }) => pattern(path).test(file)).toSorted((a, b) => isExact(b) - isExact(a))[0];
}

/** The folder, or the file, within which a file of the part imports freely. */
function homeOf({ path }: Part, file: string): string {
  return path.endsWith('*.ts') ? path : (pattern(path).exec(file)?.[0] ?? '');
}

function pattern(path: string): RegExp {
  const names = path.replaceAll('.', '\\.').replaceAll('*', '[^/]+');
  return new RegExp(`^${names}${path.endsWith('.ts') ? '$' : '/'}`);
}

function resolved(file: string, from: string): string {
  return posix.join(posix.dirname(file), from).replace(/\.js$/, '.ts');
}

/** `@scope/name/file` as `@scope/name`. */
function packageOf(from: string): string {
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/');
}
