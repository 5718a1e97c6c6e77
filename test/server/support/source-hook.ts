/** For Node's `--import`: lets it load the sources as they are, whose imports end in .js. */
export function hook(): string {
  const code = `import { registerHooks } from 'node:module';
    registerHooks({ resolve: (specifier, at, next) => next(at.parentURL?.includes('/src/') && specifier.startsWith('.') ? specifier.replace(/\\.js$/, '.ts') : specifier, at) });`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
