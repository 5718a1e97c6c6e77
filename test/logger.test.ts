import { afterEach, expect, test, vi } from 'vitest';
import { defaultLogger } from '../src/logger.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test('the default logger is silent, except for warnings and errors', () => {
  const printed = (['debug', 'info', 'log', 'warn', 'error'] as const).map((method) =>
    vi.spyOn(console, method).mockReturnValue(),
  );
  defaultLogger.debug({}, 'a');
  defaultLogger.info({ some: 'detail' }, 'b');
  defaultLogger.warn({}, 'c');
  defaultLogger.error({ channel: 'orders' }, 'd');
  expect(printed.map((spy) => spy.mock.calls)).toEqual([
    [],
    [],
    [],
    [['pushrail: c']],
    [['pushrail: d', { channel: 'orders' }]],
  ]);
});
