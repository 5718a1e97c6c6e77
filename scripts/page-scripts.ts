import { type BuildOptions, build, type Metafile } from 'esbuild';
import { minify } from 'terser';

// How the scripts of a page are built, of which the push handler makes client.js: as small as they can be.

/** Options of esbuild. */
const options: BuildOptions & { readonly write: false; readonly metafile: true } = {
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  // Leaves out what only a bundle of the application can come to.
  define: { IS_PAGE_SCRIPT: 'true' },
  write: false,
  metafile: true,
};

/** A script of a page. */
export interface PageScript {
  /** Where it is to be written. */
  readonly path: string;
  readonly text: string;
}

/** Scripts of a page, and what esbuild tells of them. */
export interface PageScripts {
  readonly scripts: readonly PageScript[];
  readonly metafile: Metafile;
}

/** Builds scripts of a page. esbuild makes one file of each, and terser makes that smaller by some 2 %. */
export async function buildPageScripts(where: BuildOptions): Promise<PageScripts> {
  const { outputFiles, metafile } = await build({ ...where, ...options });
  const scripts = outputFiles.map(async ({ path, text }) => {
    const { code = '' } = await minify(text, { ecma: 2022, toplevel: true, compress: { passes: 3 } });
    return { path, text: code };
  });
  return { scripts: await Promise.all(scripts), metafile };
}
