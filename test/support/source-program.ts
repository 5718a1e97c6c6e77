/** The arguments with which Node runs a program on the sources as they are: their imports end in .js. */
export function sourceProgram(program: string): readonly string[] {
  const code = `import { registerHooks } from 'node:module';
    registerHooks({ resolve: (specifier, at, next) => next(at.parentURL?.includes('/src/') && specifier.startsWith('.') ? specifier.replace(/\\.js$/, '.ts') : specifier, at) });`;
  const hook = `data:text/javascript,${encodeURIComponent(code)}`;
  return ['--experimental-strip-types', '--no-warnings', '--input-type=module', '--import', hook, '-e', program];
}
