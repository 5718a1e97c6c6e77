import { describe, expect, it } from 'vitest';
import type { Terminal } from '../../src/cli/terminal.js';
import { isPrinted, terminalLogger } from '../../src/cli/terminal.js';
import { ConfigurationError, TimeoutError } from '../../src/core/errors.js';
import { guarded } from '../../src/core/logger.js';

/** A terminal whose methods need the object that they belong to. */
class OneTerminal implements Pick<Terminal, 'complain'> {
  readonly complaints: string[] = [];

  complain(line: string): void {
    this.complaints.push(line);
  }
}

describe("the commands' logger", () => {
  it('prints a warning or error on one line, with the reason of the error that was logged', () => {
    const terminal = new OneTerminal();
    const logger = terminalLogger(terminal);
    logger.error({ err: new TimeoutError('No answer\n  within 10 s.') }, 'a subscription has ended');
    logger.warn({ err: new Error('ECONNRESET') }, 'the connection was lost');
    logger.warn({ code: 1006 }, 'the connection was lost');
    expect(terminal.complaints).toEqual([
      'error: a subscription has ended: No answer within 10 s.',
      'warning: the connection was lost: ECONNRESET',
      'warning: the connection was lost',
    ]);
  });

  it('prints a wrong configuration as well, and knows that it did', () => {
    const terminal = new OneTerminal();
    const error = new ConfigurationError('The server refuses the connection.');
    const wrapped = new Error('It did not start.', { cause: error });
    expect([isPrinted(error), isPrinted(wrapped)]).toEqual([false, false]);
    terminalLogger(terminal).error({ err: error }, 'a subscription has ended');
    expect(terminal.complaints).toEqual(['error: a subscription has ended: The server refuses the connection.']);
    expect([isPrinted(error), isPrinted(wrapped)]).toEqual([true, true]);
    expect(isPrinted(new ConfigurationError(error.message))).toBe(false);
  });

  it('prints nothing of what goes well', () => {
    const terminal = new OneTerminal();
    const logger = guarded(terminalLogger(terminal));
    logger.debug({}, 'sent');
    logger.info({}, 'sent again');
    expect(terminal.complaints).toEqual([]);
  });
});
