/**
 * The part of an address below a prefix: `/app/KEY?protocol=7` of `/ws/app/KEY?protocol=7`. Undefined when the address
 * does not begin with the prefix.
 * @param prefix such as `/ws`. @default ''
 */
export function pathBelow(prefix: string = '', url: string = ''): string | undefined {
  return url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : undefined;
}
