import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';

/** Tests of what `npm run build` makes, of pages in a browser, and of programs in processes of their own. */
const ofTheBuild = [
  'test/cli/*-process.test.ts',
  'test/docs/{docs,quick-start}.test.ts',
  'test/e2e/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/live/**/*.test.ts',
];

/** Tests of the package as others get it: packed, bundled, extended. `npm run check:package` runs them. */
const ofThePackage = ['test/package/**/*.test.ts'];

/** What is survived: kills, restarts, locks, full disks. `npm run test:faults` runs them, in minutes. */
const faults = ['test/faults/**/*.test.ts'];

/** The suites that every backend and adapter passes, the runs of many calls at once, and the loads of an attack. */
const long = ['test/conformance/**/*.test.ts', 'test/**/fault-run.test.ts', 'test/server/attack/**/*.test.ts'];

/** Tests that move a clock by hand, apart from those whose SDKs leave timers, which would run by that clock. */
const withFakeTimers = globSync('test/**/*.test.ts', { cwd: import.meta.dirname, exclude: ['**/node_modules'] }).filter(
  (file) => /useFakeTimers\((?![^)]*toFake: \['Date'\])/.test(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')),
);

/** What can span nodes. These run once more, with the same code, against three nodes behind a balancer. */
const ofNodes = globSync(
  [
    'test/backends/remote/{publishing,subscribing}.test.ts',
    'test/client/{client-events,pusher-js,recorded-messages}.test.ts',
    'test/protocol/{cache-channels,channels,client-events,http-api,presence,users,webhooks}.test.ts',
    'test/server/{app-limits,authorized-connections,client-events,http-api,plain}.test.ts',
    'test/server/{presence,presence-joins,presence-leaves,pusher-sdks,sign-in}.test.ts',
    'test/server/{subscription-counts,subscriptions,watchlist}.test.ts',
    'test/server/webhooks/webhooks.test.ts',
    'test/service/disconnect.test.ts',
  ],
  { cwd: import.meta.dirname },
);
const ofNodesWithFakeTimers = ofNodes.filter((file) => withFakeTimers.includes(file));

const config: ViteUserConfig = defineConfig({
  test: {
    // Half of the time, a test waits: for an answer, a deadline, a browser, a program.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // A worker for each file costs twice the CPU time of the tests: each loads Vitest, the sources and the SDKs anew.
    // `npx vitest run --isolate` shows which test counts on another file; test/leaves-nothing.ts, which leaves something.
    isolate: false,
    setupFiles: ['test/leaves-nothing.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // They start in the order of their names, so that the longest files are not the last.
    projects: [
      { extends: true, test: { name: 'build', include: ofTheBuild, globalSetup: ['test/e2e/shared-browser.ts'] } },
      { extends: true, test: { name: 'clock', include: withFakeTimers, setupFiles: ['test/leaves-no-timers.ts'] } },
      { extends: true, test: { name: 'faults', include: faults } },
      { extends: true, test: { name: 'long', include: long, exclude: [...configDefaults.exclude, ...withFakeTimers] } },
      {
        extends: true,
        test: {
          name: 'nodes',
          include: ofNodes.filter((file) => !withFakeTimers.includes(file)),
          setupFiles: ['test/support/nodes/needs-redis.ts'],
          provide: { nodes: 3, relay: 'redis' },
        },
      },
      {
        extends: true,
        // In memory, because the connections of a Redis client would go by the clock that is moved by hand.
        test: {
          name: 'nodes-clock',
          include: ofNodesWithFakeTimers,
          setupFiles: ['test/leaves-no-timers.ts'],
          provide: { nodes: 3, relay: 'memory' },
        },
      },
      { extends: true, test: { name: 'package', include: ofThePackage } },
      {
        extends: true,
        test: {
          name: 'source',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ofTheBuild, ...ofThePackage, ...withFakeTimers, ...long, ...faults],
        },
      },
    ],
    coverage: {
      provider: 'v8',
      // `npm test` is to be quick for whoever tries it; where CI=true, it is also held to the thresholds.
      enabled: process.env['CI'] === 'true',
      include: ['src/**/*.ts'],
      // Runs as a process of its own, which the package test does.
      exclude: ['src/cli/main.ts', 'src/client/script.ts', 'src/client/scripts/*.ts'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, functions: 95, branches: 90, statements: 95 },
    },
  },
});

export default config;
