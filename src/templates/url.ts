/** What browsers drop from an address, so that it may hide a scheme: control characters, and spaces around. */
const HIDING = /\p{Cc}|^ | $/u;

/**
 * What is wrong with the address that a notification opens; undefined when nothing is. A script in it would run as one
 * of the page's.
 */
export function faultOfUrl(url: string): string | undefined {
  if (HIDING.test(url)) return 'has a control character in it, or a space around it';
  const base = 'https://relative.invalid';
  const parsed = URL.canParse(url, base) ? new URL(url, base) : undefined;
  if (parsed === undefined) return 'is no address';
  if (parsed.protocol === 'https:' || parsed.protocol === 'http:') return undefined;
  return `must begin with http: or https:, or be relative, and not begin with ${parsed.protocol}`;
}
