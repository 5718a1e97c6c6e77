import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requireHere } from '../core/require-here.js';
import { type DriverName, driverFor } from '../wire/driver-names.js';

/** How long a cache keeps the script without asking, in seconds. It changes with the backend, and with each release. */
const MAX_AGE_S = 300;

/** The SDK of a provider, as its package holds it for a page's `<script>`. */
interface BrowserSdk {
  readonly packageName: string;
  readonly file: string;
  /** The global that it sets. */
  readonly name: string;
}

/** The SDK that a driver needs. OneSignal hands out its own alone. */
const sdks: Readonly<Partial<Record<DriverName, BrowserSdk>>> = {
  pusher: { packageName: 'pusher-js', file: 'dist/web/pusher.min.js', name: 'Pusher' },
  pubnub: { packageName: 'pubnub', file: 'dist/web/pubnub.min.js', name: 'PubNub' },
};

/** The script of a page, which is the same for all visitors. */
interface ClientScript {
  readonly text: string;
  readonly etag: string;
}

/** A package that the script is made of is not there. */
export class MissingScript extends Error {}

const scripts = new Map<string, ClientScript>();

/** The file that {@link answerWithFallback} answers with, among those of the drivers. */
const FALLBACK = 'fallback';

/**
 * Answers with the module that the page's script imports where no WebSocket gets through.
 * @throws MissingScript when a bundle has left it behind
 */
export async function answerWithFallback(request: Request, clientBackend: string): Promise<Response> {
  return answerWith(request, await scriptOf(FALLBACK, clientBackend));
}

/**
 * Answers with the script of a page: the client, the driver of its backend, and the SDK that the driver needs.
 * @param clientBackend the backend that the page's client receives from
 * @throws MissingScript when the package of the SDK is not installed
 */
export async function answerWithScript(request: Request, clientBackend: string): Promise<Response> {
  return answerWith(request, await scriptOf(driverFor(clientBackend) ?? 'none', clientBackend));
}

function answerWith(request: Request, { text, etag }: ClientScript): Response {
  const headers = {
    'Content-Type': 'text/javascript; charset=utf-8',
    'Cache-Control': `public, max-age=${MAX_AGE_S}`,
    ETag: etag,
    // It holds nothing of the visitor, so that a page of any origin may load it.
    'Access-Control-Allow-Origin': '*',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'X-Content-Type-Options': 'nosniff',
  };
  const known = (request.headers.get('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return new Response(null, { status: 304, headers });
  return new Response(request.method === 'HEAD' ? null : text, { headers });
}

/** @param name a driver, `none`, or {@link FALLBACK} */
async function scriptOf(name: DriverName | 'none' | typeof FALLBACK, clientBackend: string): Promise<ClientScript> {
  const known = scripts.get(name);
  if (known !== undefined) return known;
  const sdk = name === 'none' || name === FALLBACK ? undefined : sdks[name];
  const parts = [
    sdk === undefined ? '' : alone(sdk, await fileOf(sdk.packageName, sdk.file, clientBackend)),
    await fileOf('pushrail', `dist/client/scripts/${name}.js`, clientBackend),
  ];
  const text = parts.join('');
  const script = { text, etag: `"${createHash('sha256').update(text).digest('base64url')}"` };
  scripts.set(name, script);
  return script;
}

/**
 * An SDK that sets its global, whatever loader of modules the page has, unless the page has brought its own. Its source
 * map is not served.
 */
function alone({ name }: BrowserSdk, text: string): string {
  const code = text.replace(/^\/\/# sourceMappingURL=.*$/m, '');
  return `if(!self.${name})(function(exports,module,define){${code}\n}).call(self);\n`;
}

/** @throws MissingScript when the package is not there, which a bundle may have left behind */
async function fileOf(packageName: string, file: string, clientBackend: string): Promise<string> {
  try {
    return await readFile(join(dirname(requireHere().resolve(`${packageName}/package.json`)), file), 'utf8');
  } catch (cause) {
    throw new MissingScript(
      `client.js needs the package "${packageName}" for the ${clientBackend} backend, and ${file} in it: npm install ${packageName}. A bundled server needs it in node_modules beside it.`,
      { cause },
    );
  }
}
