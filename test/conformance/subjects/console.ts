import { ConsoleService } from '../../../src/backends/console/index.js';
import type { ConformanceSubject, ProviderRecord } from '../../../src/testing/index.js';

/** The console backend, which prints into a list. @param lines the list, where others print into it, too */
export function consoleSubject(lines: string[] = []): ConformanceSubject & { readonly backend: ConsoleService } {
  const write = (text: string): void => {
    lines.push(text);
  };
  const backend = new ConsoleService({
    secretKey: 'console-secret-key',
    options: { format: 'json', stream: { write } },
  });
  return {
    backend,
    settings: { backend },
    received: () => lines.map((line) => JSON.parse(line) as ProviderRecord),
  };
}
