import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The nginx of this machine with the module nchan, a push server in C. */
export interface Nchan {
  /** What the configuration of nginx begins with: it loads the module, unless that is built in. */
  readonly preamble: string;
}

/** Undefined where nginx or its module is not installed. */
export function findNchan(): Nchan | undefined {
  // nginx tells how it was built on the channel for errors.
  const { stderr, status } = spawnSync('nginx', ['-V'], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  if (/--add-module=\S*nchan/.test(stderr)) return { preamble: '' };
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1] ?? '/usr/lib/nginx/modules';
  const module = join(folder, 'ngx_nchan_module.so');
  return existsSync(module) ? { preamble: `load_module ${module};` } : undefined;
}

/** What a benchmark's title says of it. */
export function nchanNote(): string {
  return findNchan() === undefined ? '; nginx with nchan is not installed here' : '';
}
