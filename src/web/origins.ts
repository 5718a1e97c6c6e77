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
  const wildcards: RegExp[] = [];
  for (const text of patterns) {
    const { protocol, host, origin } = new URL(withoutWildcard(text));
    if (text.includes('*.')) wildcards.push(new RegExp(`^${protocol}//(?:[a-z0-9_-]+\\.)+${escaped(host)}$`));
    else exact.add(origin);
  }
  // Browsers send an Origin with every WebSocket. A connection without one comes from a program, which could send any
  // Origin.
  return (origin) =>
    origin === undefined ||
    exact.has(origin.toLowerCase()) ||
    wildcards.some((wildcard) => wildcard.test(origin.toLowerCase()));
}

function withoutWildcard(text: string): string {
  return text.replace('*.', '');
}

function escaped(text: string): string {
  return text.replaceAll(/[.-]/g, '\\$&');
}
