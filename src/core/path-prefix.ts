/** Describes in error messages the values that {@link isPathPrefix} accepts. */
export const PATH_PREFIX_RULE = 'must be a path such as "/ws", that begins with "/" and does not end with one';

/**
 * Whether a value can stand before the paths of a Channels server: `/ws` makes `/ws/app/KEY` of `/app/KEY`. Other
 * characters than letters, digits and `-._~` are percent-encoded (RFC 3986, 2.3).
 */
export function isPathPrefix(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^(?:\/(?:[\w.~-]|%[0-9a-f]{2})+)+$/i.test(value) &&
    !value.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
  );
}
