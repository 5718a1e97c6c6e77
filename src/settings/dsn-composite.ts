/** `failover(A B)?option=value`, taken apart. */
export interface CompositeText {
  /** `failover`, `roundrobin` or `fanout`. */
  readonly kind: string;
  /** The DSNs within, as they are written. */
  readonly children: readonly string[];
  readonly query: string;
}

/** What a composite begins with. */
export const compositeText: RegExp = /^(?:failover|roundrobin|fanout)\(/i;

/**
 * Takes a composite apart. White space and parentheses separate: within a DSN they are percent-encoded.
 * @returns undefined when the parentheses do not match, or something stands where it cannot
 */
export function readCompositeText(text: string): CompositeText | undefined {
  const start = text.indexOf('(');
  const children: string[] = [];
  let depth = 0;
  let child = '';
  let end = text.length;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '(') depth++;
    if (character === ')') depth--;
    const isOver = depth === 0;
    if (isOver || (depth === 1 && /\s/.test(character))) {
      if (child !== '') children.push(child);
      child = '';
    } else if (at > start) child += character;
    if (!isOver) continue;
    end = at;
    break;
  }
  const rest = text.slice(end + 1);
  const isWhole = depth === 0 && start > 0 && /^(?:\?[^\s()]*)?$/.test(rest);
  if (!isWhole || !children.every(isOneDsn)) return undefined;
  return { kind: text.slice(0, start).toLowerCase(), children, query: rest.slice(1) };
}

/** Whether there are no parentheses but those of a composite, and it is not one of a list with commas. */
function isOneDsn(child: string): boolean {
  return compositeText.test(child) || !/[()]|,$/.test(child);
}
