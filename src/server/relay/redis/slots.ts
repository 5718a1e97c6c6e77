import type { Address } from './link.js';

/**
 * Number of partitions of a Cluster: one for each 64th of its slots. More masters than that would have nothing to do.
 */
export const CLUSTER_PARTITIONS = 64;
const SLOTS = 16_384;
const SLOTS_PER_PARTITION = SLOTS / CLUSTER_PARTITIONS;

/** The slot of a hash tag: CRC-16 of the kind XMODEM, as the specification of Redis Cluster has it. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return (crc & 0xffff) % SLOTS;
}

/**
 * The hash tags of the partitions: for each the smallest number whose slot is in that 64th of the slots. So masters
 * that share the slots evenly share the partitions evenly, and no name depends on how many they are.
 */
export function partitionTags(): readonly string[] {
  const tags: string[] = Array.from({ length: CLUSTER_PARTITIONS }, () => '');
  for (let number = 0, missing = CLUSTER_PARTITIONS; missing > 0; number++) {
    const tag = String(number);
    const partition = Math.floor(slotOf(tag) / SLOTS_PER_PARTITION);
    if (tags[partition] !== '') continue;
    tags[partition] = tag;
    missing--;
  }
  return tags;
}

export function textOfAddress({ host, port }: Address): string {
  return `${host}:${port}`;
}

/**
 * Reads an answer to `CLUSTER SLOTS`.
 * @param asked the server that has answered: it may leave its own host out
 * @returns the master of each of the slots; undefined for a slot without one
 */
export function mastersOf(answer: unknown, slots: readonly number[], asked: Address): readonly (Address | undefined)[] {
  const ranges = (Array.isArray(answer) ? answer : []).flatMap((range: unknown) => {
    if (!Array.isArray(range) || !Array.isArray(range[2])) return [];
    const [host, port] = range[2] as readonly unknown[];
    return [
      { first: Number(range[0]), last: Number(range[1]), master: { host: hostOf(host, asked), port: Number(port) } },
    ];
  });
  return slots.map((slot) => ranges.find(({ first, last }) => first <= slot && slot <= last)?.master);
}

/** Where a MOVED sends: `MOVED 3999 10.0.0.1:6381`. @returns undefined for another text */
export function movedTo(message: string, asked: Address): Address | undefined {
  const [, , place = ''] = message.split(' ');
  const colon = place.lastIndexOf(':');
  const port = Number(place.slice(colon + 1));
  if (colon < 0 || !Number.isInteger(port) || port === 0) return undefined;
  return { host: hostOf(place.slice(0, colon), asked), port };
}

function hostOf(host: unknown, asked: Address): string {
  return host === null || host === undefined || host === '' || host === '?' ? asked.host : String(host);
}

/** What a server says of who has each partition. */
export interface View {
  /** The server, by {@link textOfAddress}. */
  readonly of: string;
  readonly masters: readonly (string | undefined)[];
}

/**
 * Decides who has a partition when servers say different things, because they have not told each other yet. A server
 * that says of itself that it has the partition comes before one of which others say so, and one that denies it is out.
 */
export function ownerOf(partition: number, views: readonly View[], current: string | undefined): string | undefined {
  const votes = new Map<string, number>();
  for (const { masters } of views) {
    const owner = masters[partition];
    if (owner !== undefined) votes.set(owner, (votes.get(owner) ?? 0) + 1);
  }
  const weights = [...votes].map(([owner, count]): readonly [owner: string, weight: number] => {
    const own = views.find(({ of }) => of === owner)?.masters[partition];
    if (own !== undefined && own !== owner) return [owner, -1];
    return [owner, (own === owner ? 2 * views.length : 0) + count + (owner === current ? 0.5 : 0)];
  });
  return weights.sort(([, one], [, other]) => other - one)[0]?.[0];
}
