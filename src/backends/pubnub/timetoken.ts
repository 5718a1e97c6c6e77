/** The later of two timetokens, of which either may be missing; `0` stands for none. They are longer than a number is exact. */
export function laterTimetoken(one: string | undefined, other: string | number | undefined): string | undefined {
  const next = other === undefined ? '' : String(other);
  if (!/^[1-9]\d*$/.test(next)) return one;
  if (one === undefined || next.length > one.length) return next;
  return next.length === one.length && next > one ? next : one;
}
