import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BrowserServer, chromium } from 'playwright-core';

const require = createRequire(import.meta.url);

const systemNames = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

interface Executable {
  executablePath: string;
  env?: Record<string, string>;
}

/**
 * Starts a headless Chromium: the system's where there is one, else the one in the package `@sparticuz/chromium`.
 * With `PUSHRAIL_CHROMIUM=npm` in the environment it is always the latter.
 */
export async function startChromium(): Promise<BrowserServer> {
  const executable = systemChromium() ?? (await packagedChromium());
  // Browsers of people keep pages that are left; Playwright's do so only where they are told.
  const ignoreDefaultArgs = ['--disable-back-forward-cache'];
  return await chromium.launchServer({ ...executable, args: flags, ignoreDefaultArgs, host: '127.0.0.1' });
}

/** Whether the browser keeps pages that are left, to come back to. The package's headless shell cannot. */
export function hasBackForwardCache(): boolean {
  return systemChromium() !== undefined;
}

function systemChromium(): Executable | undefined {
  if (process.env['PUSHRAIL_CHROMIUM'] === 'npm') return undefined;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of systemNames) {
      const executablePath = join(folder, name);
      try {
        accessSync(executablePath, constants.X_OK);
        return { executablePath };
      } catch {}
    }
  }
  return undefined;
}

/**
 * The package unpacks itself for Amazon's Lambda: into the temporary directory, and with the libraries that a bare
 * system lacks only where it sees Lambda's environment. A process of its own keeps both from the tests, and the
 * rename keeps test files that start at the same time from finding half a browser.
 */
async function packagedChromium(): Promise<Executable> {
  const entry = require.resolve('@sparticuz/chromium');
  const cache = fileURLToPath(new URL('../../node_modules/.cache/chromium/', import.meta.url));
  const { version } = createRequire(entry)('../package.json') as { version: string };
  const folder = join(cache, version);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const staging = mkdtempSync(join(cache, 'unpacking-'));
    await promisify(execFile)(process.execPath, ['-e', 'require(process.argv[1]).default.executablePath()', entry], {
      env: { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
    });
    const fontSettings = join(staging, 'fonts', 'fonts.conf');
    writeFileSync(fontSettings, readFileSync(fontSettings, 'utf8').replaceAll('/tmp/', `${folder}/`));
    try {
      renameSync(staging, folder);
    } catch (error) {
      rmSync(staging, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  const libraries = [join(folder, 'al2023', 'lib'), process.env['LD_LIBRARY_PATH'] ?? ''].filter((path) => path !== '');
  return {
    executablePath: join(folder, 'chromium'),
    env: {
      ...(process.env as Record<string, string>),
      LD_LIBRARY_PATH: libraries.join(delimiter),
      FONTCONFIG_PATH: join(folder, 'fonts'),
    },
  };
}
