import { type BuildOptions, build, type Metafile } from 'esbuild';
import { type CompressOptions, minify } from 'terser';

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

/** What makes the scripts smallest once they are gzipped: like parts are left alike. */
const compress: CompressOptions = { passes: 3, hoist_funs: true, sequences: false, lhs_constants: false };

/** Members of classes that neither a page, nor an SDK, nor the fallback ever sees: they get short names. */
const withinTheClient =
  /^(?:areNew|authorizeEach|errorOf|hurry|isAsked|isCurrent|isWanted|membersOf|plugIn|returned|setMembers|unask|woken)$/;

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
    const { code = '' } = await minify(text, {
      ecma: 2022,
      toplevel: true,
      compress,
      mangle: { properties: { regex: withinTheClient } },
    });
    return { path, text: code };
  });
  return { scripts: await Promise.all(scripts), metafile };
}
