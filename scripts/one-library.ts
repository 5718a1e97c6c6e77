import { dirname, join, relative } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

// esbuild makes a chunk for each set of entries that share modules, so every entry more cuts what `pushrail` loads into
// more files. Here it is one file, whatever else there is: the other entries take from it what they share with it.

/** An import or an export of a module of the library, as esbuild writes it. */
const STATEMENT = /^(import|export) \{([^}]*)\} from "library:(\d+)";$/gm;

interface OneLibrary {
  /** The repository's directory. */
  readonly root: string;
  /** What the whole of it is built with. */
  readonly options: BuildOptions;
  /** The sources whose exports are the library's own. */
  readonly sources: readonly string[];
  /** The other entries: their sources, and the files that become of them, without `.js`. */
  readonly others: Readonly<Record<string, string>>;
  /** The library's own file, without `.js`. */
  readonly out: string;
}

/** A file of a build: its path from the repository's directory, and its text. */
export interface BuiltFile {
  readonly path: string;
  readonly text: string;
}

/** Builds the library as one file, and the other entries, which share their own chunks. */
export async function buildOneLibrary(library: OneLibrary): Promise<readonly BuiltFile[]> {
  const { root, options, sources, others, out } = library;
  const { outdir: _, outbase: __, ...ofOne } = options;
  const lines = sources.map((file) => `export * from './${file}';`);
  const whole = (more: readonly string[]): BuildOptions & { metafile: true; write: false } => ({
    ...ofOne,
    stdin: { contents: [...lines, ...more].join('\n'), resolveDir: root },
    plugins: [lateImports(library), ...(options.plugins ?? [])],
    outfile: `dist/${out}.js`,
    write: false,
    metafile: true,
  });
  const modules = Object.keys((await build(whole([]))).metafile.inputs).filter((file) => file !== '<stdin>');
  const rest = await build({
    ...options,
    entryPoints: Object.entries(others).map(([file, path]) => ({ in: file, out: path })),
    plugins: [...(options.plugins ?? []), fromLibrary(root, modules)],
    splitting: true,
    chunkNames: 'chunks/[hash]',
    write: false,
  });
  const used = new Map<string, string>();
  const files = rest.outputFiles.map(({ path, text }) => {
    const toLibrary = from(relative(root, path), `dist/${out}.js`);
    return { path: relative(root, path), text: text.replaceAll(STATEMENT, takesFrom(toLibrary, modules, used)) };
  });
  const lost = files.find(({ path, text }) => path.endsWith('.js') && text.includes('"library:'));
  if (lost !== undefined) throw new Error(`${lost.path} takes a whole module of the library: import it by names.`);
  const one = await build(whole([...used.values()]));
  return [...one.outputFiles.map(({ path, text }) => ({ path: relative(root, path), text })), ...files];
}

/**
 * Writes a statement that takes from the library what a module exports.
 * @param used gets the line that exports it there, by its name there
 */
function takesFrom(library: string, modules: readonly string[], used: Map<string, string>) {
  return (_: string, word: string, list: string, number: string): string => {
    const names = list.split(',').map((text) => {
      const [name = '', local = name] = text.trim().split(' as ');
      const shared = `${name}$${number}`;
      used.set(shared, `export { ${name} as ${shared} } from './${modules[Number(number)]}';`);
      return `${shared} as ${local}`;
    });
    return `${word} { ${names.join(', ')} } from "${library}";`;
  };
}

/** The path from one file to another one, as an import writes it. */
function from(file: string, to: string): string {
  const path = relative(dirname(file), to);
  return path.startsWith('.') ? path : `./${path}`;
}

/** What the library imports late stays a file of its own. */
function lateImports({ root, others, out }: OneLibrary): Plugin {
  return {
    name: 'late-imports',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, kind, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        const file = relative(root, join(resolveDir, path)).replace(/\.js$/, '.ts');
        const target = others[file];
        if (target === undefined) throw new Error(`${file} is imported late and is no entry of the build.`);
        return { path: `${from(out, target)}.js`, external: true };
      });
    },
  };
}

/** Leaves out the library's modules, by their numbers. */
function fromLibrary(root: string, modules: readonly string[]): Plugin {
  const name = 'from-library';
  const numbers = new Map(modules.map((file, number) => [file, number]));
  return {
    name,
    setup({ onResolve, resolve }) {
      onResolve({ filter: /./ }, async ({ path, pluginData, ...rest }) => {
        if (pluginData === name || rest.kind === 'entry-point') return undefined;
        const found = await resolve(path, { ...rest, pluginData: name });
        const number = numbers.get(relative(root, found.path));
        return number === undefined ? found : { path: `library:${number}`, external: true };
      });
    },
  };
}
