import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigurationError, loadPeer } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';

const fromFixtures = createRequire(join(import.meta.dirname, '..', 'fixtures', 'from-here.js'));

test('an installed package is loaded', () => {
  expect(loadPeer<{ z: unknown }>('zod', 'a test').z).toBeTypeOf('object');
});

test('a package that is not installed is named, with the command that installs it', async () => {
  const error = await failureOf(ConfigurationError, () => loadPeer('@scope/not-installed', 'the pusher backend'));
  expect(error.message).toBe(
    'the pusher backend needs the package "@scope/not-installed": npm install @scope/not-installed',
  );
  expect(error).toMatchObject({ code: 'CONFIGURATION', cause: { code: 'MODULE_NOT_FOUND' } });
});

test.each(['./throws-on-load.mjs', './needs-a-missing-package.mjs'])(
  'a package that is there but cannot be loaded is not called missing: %s',
  async (id) => {
    const error = await failureOf(ConfigurationError, () => loadPeer(id, 'the pusher backend', fromFixtures));
    expect(error.message).toBe(`the pusher backend: the package "${id}" could not be loaded`);
    expect(error.cause).toBeInstanceOf(Error);
  },
);
