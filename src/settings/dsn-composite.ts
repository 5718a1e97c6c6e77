import { isComposite } from '../backends/built-in.js';

/** The parts of `failover(A B)?option=value`. */
export interface CompositeText {
  /** The composite's name, in lower case. */
  readonly kind: string;
  /** The DSNs within, as they are written. */
  readonly children: readonly string[];
  readonly query: string;
}

/** Whether a DSN begins with a composite's name and a parenthesis. */
export function isCompositeText(text: string): boolean {
  return isComposite(/^([a-z][\w-]*)\(/i.exec(text)?.[1]?.toLowerCase());
}

/**
 * Takes a composite apart. White space separates the DSNs within; a DSN writes its own spaces and parentheses
 * percent-encoded.
 * @returns undefined when the parentheses do not match, or when text stands where none can
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

/** Whether a text can be one DSN: parentheses are a composite's, and no comma is left from a list with commas. */
function isOneDsn(child: string): boolean {
  return isCompositeText(child) || !/[()]|,$/.test(child);
}
