import type { KnipConfig } from 'knip';
import manifest from './package.json' with { type: 'json' };

/** The source of each entry of the package, also of those that are written by `npm run generate`. */
const entries = Object.values(manifest.exports).flatMap((entry) =>
  typeof entry === 'string' ? [] : [entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')],
);

const config: KnipConfig = {
  entry: [
    ...entries,
    'src/client/{script,fallback-script}.ts',
    'src/client/scripts/*.ts',
    'src/cli/main.ts',
    'scripts/*',
    'test/**/*.test.ts',
    'test/bench/processes/*.{js,ts}',
    'test/chaos/processes/*.ts',
    'test/server/attack/processes/{server,clients}.ts',
    'test/types/*.test-d.ts',
    'examples/**/*.js',
  ],
  ignoreBinaries: ['mount', 'nginx', 'redis-server'],
  // A page of the documents alone runs it.
  ignoreDependencies: ['laravel-echo'],
  // A node of examples/cluster serves the page of the chat room from the same address.
  ignoreUnresolved: ['./chat.js'],
  // Its schema is made by a test.
  prisma: false,
  project: ['src/**/*.ts', 'test/**/*.ts', 'scripts/*.{js,ts}', 'examples/**/*.js'],
};

export default config;
