/** Decodes a percent-encoded part of an address. A badly encoded part is returned as it is. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
