const pattern = /^https?:\/\/(?:\*\.)?[a-z0-9_.-]+(?::\d+)?$|^https?:\/\/\[[0-9a-f:.]+\](?::\d+)?$/i;

/** Whether a value names an origin, such as `https://example.com`, or with `*.` all subdomains of one. */
export function isOriginPattern(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value) && URL.canParse(withoutWildcard(value));
}

/**
 * Makes the check of an `Origin` header. Scheme, host and port have to be those of a pattern.
 * @param patterns undefined allows every origin
 */
export function originCheck(patterns: readonly string[] | undefined): (origin: string | undefined) => boolean {
  if (patterns === undefined) return () => true;
  const exact = new Set<string>();
  const wildcards: Wildcard[] = [];
  for (const text of patterns) {
    const { protocol, host, origin } = new URL(withoutWildcard(text));
    if (text.includes('*.')) wildcards.push({ start: `${protocol}//`, end: `.${host}` });
    else exact.add(origin);
  }
  // Browsers send an Origin with every WebSocket. A connection without one comes from a program, which could send any
  // Origin.
  return (origin) =>
    origin === undefined ||
    exact.has(origin.toLowerCase()) ||
    wildcards.some((wildcard) => fits(origin.toLowerCase(), wildcard));
}

/** All subdomains: what stands before and behind their labels. */
interface Wildcard {
  readonly start: string;
  readonly end: string;
}

function fits(origin: string, { start, end }: Wildcard): boolean {
  if (!origin.startsWith(start) || !origin.endsWith(end)) return false;
  const labels = origin.slice(start.length, -end.length).split('.');
  return labels.every((label) => /^[a-z0-9_-]+$/.test(label));
}

function withoutWildcard(text: string): string {
  return text.replace('*.', '');
}

/** The ports that an origin leaves out. A proxy may write them into `Host` all the same. */
const defaultPorts: Readonly<Record<string, string>> = { 'http:': ':80', 'https:': ':443' };

/**
 * Whether an origin is that of the server that was asked.
 * @param host the header `Host`
 * @param forwardedHost the header `X-Forwarded-Host`
 */
export function isOwnOrigin(origin: string, host: string, forwardedHost: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const own = new URL(origin);
  const forwarded = forwardedHost?.split(',', 1)[0]?.trim();
  return [host, ...(forwarded === undefined ? [] : [forwarded])]
    .map((name) => name.toLowerCase())
    .some((name) => name === own.host || name === own.host + defaultPorts[own.protocol]);
}
