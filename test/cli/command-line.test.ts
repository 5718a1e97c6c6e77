import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { growthOf, LINEAR } from '../support/growth.js';
import { RecordingTerminal } from './recording-terminal.js';

describe('the command line', () => {
  it.each([[], ['demo'], ['serve'], ['send'], ['listen'], ['work'], ['migrate']])(
    'explains itself with %s --help',
    async (...command) => {
      const terminal = new RecordingTerminal();
      expect(await runCommandLine([...command, '--help'], terminal)).toEqual({ exitCode: 0 });
      expect(terminal.printed.join('\n')).toMatch(new RegExp(`^Usage: ${['pushrail', ...command].join(' ')} `));
      expect(terminal.complaints).toEqual([]);
    },
  );

  it('has each of its commands in the table of docs/command-line.md, and no other', async () => {
    const terminal = new RecordingTerminal();
    await runCommandLine(['--help'], terminal);
    const [, listed = ''] = terminal.printed.join('\n').split('\nCommands:\n');
    const commands = [...listed.matchAll(/^ {2}([a-z-]+) /gm)]
      .map(([, name]) => name)
      .filter((name) => name !== 'help');
    const page = readFileSync(join(import.meta.dirname, '../../docs/command-line.md'), 'utf8');
    const told = [...page.matchAll(/^\| `pushrail ([a-z-]+)/gm)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(10);
    expect([...new Set(told)].sort()).toEqual(commands.toSorted());
  });

  it('tells its version', async () => {
    const terminal = new RecordingTerminal();
    expect(await runCommandLine(['--version'], terminal)).toEqual({ exitCode: 0 });
    expect(terminal.printed).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });

  it.each([
    [['snd'], /unknown command 'snd' \(Did you mean send\?\)/],
    [['send', 'orders', '--sever', 'console:'], /unknown option '--sever' \(Did you mean --server\?\)/],
    [['send', 'orders', '--server', 'console:', '--data', '{id:1}'], /It must be JSON/],
    [['send', '--server', 'console:'], /"channels" is empty/],
    [['send', 'orders', '--user', 'ann', '--server', 'console:'], /not both/],
    [['send', 'orders'], /No server is named: pass --server or set PUSH_SERVER/],
    [['send', 'orders', '--server', 'nonsense'], /PUSH_SERVER could not be read/],
    [['send', 'orders', '--server', 'consle:'], /did you mean "console"/],
    [['send', 'orders', '--server', 'websocket://key@app'], /needs "secretKey"/],
    [['listen'], /missing required argument 'channels'/],
    [['listen', 'orders', '--count', 'x', '--server', 'console:'], /It must be a whole number/],
    [['listen', 'orders', '--count', '0', '--server', 'console:'], /It must be at least 1/],
    [['listen', 'orders', '--server', 'console:'], /hears only what its own process sends/],
    [['send', 'orders', '--server', 'websocket://k:s@a?prot=1'], /unknown key "prot" \(did you mean "port"\?\)/],
    [['serve', '--server', 'console:'], /the DSN names "console"/],
    [['demo', '--port', 'x'], /It must be a whole number/],
    [['demo', '--port', '65536'], /It must be a port, which is 65535 at most/],
    [['serve', '--port', '65536'], /It must be a port, which is 65535 at most/],
  ])('answers %j with one line and exit code 2', async (args, message) => {
    const terminal = new RecordingTerminal();
    expect(await runCommandLine(args, terminal)).toEqual({ exitCode: 2 });
    expect(terminal.complaints).toEqual([expect.stringMatching(message)]);
    expect(terminal.complaints[0]).not.toContain('\n');
    expect(terminal.printed).toEqual([]);
  });

  it('joins the lines of an error, whatever blank ones it quotes', async () => {
    const terminal = new RecordingTerminal();
    await runCommandLine(['  one \t\r\n\n \n  two  words \n'], terminal);
    expect(terminal.complaints).toEqual([expect.stringMatching(/'\s+one two {2}words '/)]);
  });

  it('takes time in proportion to the length of what an error quotes', async () => {
    const quote = (size: number) => runCommandLine([`x${' '.repeat(size)}x`], new RecordingTerminal());
    expect(await growthOf(quote)).toBeLessThan(LINEAR);
  });

  it('shows a stack trace only when asked', async () => {
    const terminal = new RecordingTerminal();
    expect(await runCommandLine(['--verbose', 'send', 'orders'], terminal)).toEqual({ exitCode: 2 });
    expect(terminal.complaints.join('\n')).toMatch(/ConfigurationError: No server is named.*\n\s+at /);
  });
});
