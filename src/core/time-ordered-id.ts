import { randomFillSync } from 'node:crypto';

const random = new Uint8Array(4_096);
let used = random.length;

/**
 * A UUID of version 7, which begins with the time: a database's index of them grows at its end.
 * Source: RFC 9562, section 5.7.
 */
export function timeOrderedId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const time = Date.now().toString(16).padStart(12, '0');
  let rest = '';
  for (const end = used + 10; used < end; used++) rest += (random[used] ?? 0).toString(16).padStart(2, '0');
  if (random.length - used < 10) used = random.length;
  const variant = ((Number.parseInt(rest.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-${variant}${rest.slice(4, 7)}-${rest.slice(7, 19)}`;
}
