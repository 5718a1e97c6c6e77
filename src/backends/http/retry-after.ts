/**
 * How long a provider asks to wait, in milliseconds, or undefined when it does not say.
 * @param header `Retry-After`: seconds or a date. Source: RFC 9110, 10.2.3
 */
export function retryAfterMs(header: string | null | undefined): number | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
