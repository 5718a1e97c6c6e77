import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Tests of what `npm run build` makes, of pages in a browser, and of programs in processes of their own. */
const ofTheBuild = [
  'test/docs/docs.test.ts',
  'test/e2e/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/live/**/*.test.ts',
  'test/package/**/*.test.ts',
];

const config: ViteUserConfig = defineConfig({
  test: {
    // Vitest leaves one core to itself, which is half of a small machine.
    maxWorkers: '100%',
    // A worker for each file costs twice the CPU time of the tests: each loads Vitest, the sources and the SDKs anew.
    // `npx vitest run --isolate` shows which test counts on another file; test/leaves-nothing.ts, which leaves something.
    isolate: false,
    setupFiles: ['test/leaves-nothing.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // In the order of their names, so that the longest files start first.
    projects: [
      { extends: true, test: { name: 'build', include: ofTheBuild, globalSetup: ['test/e2e/shared-browser.ts'] } },
      { extends: true, test: { name: 'source', include: ['test/**/*.test.ts'], exclude: ofTheBuild } },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Runs as a process of its own, which the package test does.
      exclude: ['src/cli/main.ts', 'src/client/script.ts'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, functions: 95, branches: 90, statements: 95 },
    },
  },
});

export default config;
