import { expect, test } from 'vitest';
import { backendNames, compositeNames } from '../../src/backends/registry.js';
import { driverNames } from '../../src/client/drivers/index.js';

test('each built-in backend that pages can connect to has a driver in the client', () => {
  // A page never sees a composite: it gets the configuration of one of its backends.
  const connectable = backendNames.filter((name) => !compositeNames.includes(name));
  expect([...driverNames].sort()).toEqual([...connectable].sort());
});
