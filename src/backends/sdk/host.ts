/** A host and its port as they stand in an address; an IPv6 address gets its brackets. */
export function authorityOf(host: string, port: number): string {
  return `${hostInAddress(host)}:${port}`;
}

/** A host as it stands in an address. */
export function hostInAddress(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** What {@link isHost} takes, for error messages. */
export const HOST_RULE = 'must be a name or an address, such as "push.example.com" or "::1", without a port or a path';

/** Whether an address with this host leads there and nowhere else. */
export function isHost(value: unknown): boolean {
  if (typeof value !== 'string' || value === '') return false;
  // Any port but the scheme's own, which an address leaves out.
  const authority = authorityOf(value.toLowerCase(), 1);
  const address = `http://${authority}`;
  return URL.canParse(address) && new URL(address).host === authority;
}
