/** Writes a host and port for an address. An IPv6 address gets brackets. */
export function authorityOf(host: string, port: number): string {
  return `${hostInAddress(host)}:${port}`;
}

/** Writes a host for an address. An IPv6 address gets brackets. */
export function hostInAddress(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Describes in error messages the values that {@link isHost} accepts. */
export const HOST_RULE = 'must be a name or an address, such as "push.example.com" or "::1", without a port or a path';

/**
 * Whether a value is a host name or an IP address and nothing more, so that an address made with it leads only there.
 */
export function isHost(value: unknown): boolean {
  if (typeof value !== 'string' || value === '') return false;
  // Any port except 80, which URL would leave out.
  const authority = authorityOf(value.toLowerCase(), 1);
  const address = `http://${authority}`;
  return URL.canParse(address) && new URL(address).host === authority;
}
