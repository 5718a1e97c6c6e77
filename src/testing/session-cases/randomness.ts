/**
 * Measures the entropy of a set of texts, in bits: the sum over the places of their characters, with the correction of
 * Miller and Madow for a small sample. A place with the same character in all texts adds nothing.
 */
export function bitsIn(texts: readonly string[]): number {
  const length = Math.max(...texts.map((text) => text.length));
  let bits = 0;
  for (let place = 0; place < length; place++) {
    const counts = new Map<string, number>();
    for (const text of texts) {
      const character = text[place] ?? '';
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    if (counts.size === 1) continue;
    for (const count of counts.values()) {
      const share = count / texts.length;
      bits -= share * Math.log2(share);
    }
    bits += (counts.size - 1) / (2 * texts.length * Math.LN2);
  }
  return bits;
}
