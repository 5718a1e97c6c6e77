/**
 * Refuses every regular expression whose time may grow faster than the text it reads: whoever writes the text
 * could hold the process. Takes folders of TypeScript files.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import { parseSync, Visitor } from 'oxc-parser';

// `recheck` reads this when it is loaded: it analyses in this process, and starts none of its own.
process.env.RECHECK_SYNC_BACKEND = 'pure';
const { checkSync } = await import('recheck');

/** A repetition without an end. A plain `+` in brackets fits too, which only costs a little time here. */
const repetition = /[*+]|,\}/;

const faults = process.argv.slice(2).flatMap((folder) =>
  globSync('**/*.ts', { cwd: folder })
    .sort()
    .flatMap((file) => faultsIn(join(folder, file))),
);
for (const fault of faults) console.log(fault);
if (faults.length > 0) process.exitCode = 1;

function faultsIn(file) {
  const source = readFileSync(file, 'utf8');
  return expressionsIn(file, source).flatMap(({ start, text, pattern, flags, isConstant }) => {
    const fault = isConstant ? slowness(pattern, flags) : 'is made at run time, so nobody can say how long it takes';
    return fault === undefined ? [] : [`${file}:${source.slice(0, start).split('\n').length}: ${text} ${fault}`];
  });
}

/** All expressions of a file. */
function expressionsIn(file, source) {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  const found = [];
  const unused = new Set();
  const constructed = (node) => {
    if ((node.callee.name ?? node.callee.property?.name) !== 'RegExp' || unused.has(node)) return;
    const isConstant = node.arguments.every(({ value }) => typeof value === 'string');
    const [pattern = '', flags = ''] = isConstant ? node.arguments.map(({ value }) => value) : [];
    found.push({ start: node.start, text: source.slice(node.start, node.end), pattern, flags, isConstant });
  };
  new Visitor({
    // Thrown away, so that it never reads a text: it is made to see whether it can be.
    ExpressionStatement: ({ expression }) => unused.add(expression),
    NewExpression: constructed,
    CallExpression: constructed,
    Literal: ({ regex, start, raw }) => regex && found.push({ start, text: raw, ...regex, isConstant: true }),
  }).visit(program);
  return found;
}

/** What is wrong with an expression. A way without a repetition takes a fixed time at each place of a text. */
function slowness(pattern, flags) {
  for (const way of waysThrough(pattern, flags).filter((text) => repetition.test(text))) {
    const { status, complexity, error } = checkSync(way, flags, { checker: 'automaton', timeout: null });
    if (status !== 'safe') return error ? `cannot be judged: ${error.message}` : `takes ${complexity.summary} time`;
  }
  return undefined;
}

/**
 * The ways through an expression, each an expression without a choice. The engine tries one after the other, so
 * the slowest decides. Judged one by one they take seconds; the whole expression would take minutes. What a
 * lookahead reads is a way of its own, which ends with it. Word boundaries and lookbehinds of a fixed length are
 * left out: they can only end a way sooner.
 */
function waysThrough(pattern, flags) {
  const { alternatives, text, refersBack } = parsed(unbounded(pattern, flags), flags);
  return refersBack ? [text] : alternatives.flatMap(({ elements }) => ways(elements));
}

function ways([first, ...rest]) {
  if (first === undefined) return [''];
  const { type, kind, raw, modifiers, alternatives } = first;
  const inside = () => alternatives.flatMap(({ elements }) => ways(elements));
  if (kind === 'lookahead') return [...inside(), ...ways(rest)];
  if (kind === 'word' && type === 'Assertion') return ways(rest);
  if (kind === 'lookbehind' && !repetition.test(raw)) return ways(rest);
  const isGroup = (type === 'Group' && !modifiers) || type === 'CapturingGroup';
  return (isGroup ? inside() : [raw]).flatMap((begun) => ways(rest).map((end) => begun + end));
}

/** The expression with its long repetitions made endless: two ways, thirty times over, take as long as for ever. */
function unbounded(pattern, flags) {
  let text = pattern;
  for (const { min, max, element, end } of parsed(pattern, flags).quantifiers.toReversed()) {
    const isLong = Number.isFinite(max) && max >= 10;
    if (isLong && (min < max || 'alternatives' in element))
      text = `${text.slice(0, element.end)}{${min},}${text.slice(end)}`;
  }
  return text;
}

/** What an expression is made of, its repetitions in the order of their ends. */
function parsed(text, flags) {
  const unicode = { unicode: flags.includes('u'), unicodeSets: flags.includes('v') };
  const pattern = new RegExpParser().parsePattern(text, 0, text.length, unicode);
  const quantifiers = [];
  let refersBack = false;
  visitRegExpAST(pattern, {
    onQuantifierLeave: (node) => void quantifiers.push(node),
    onBackreferenceEnter: () => {
      refersBack = true;
    },
  });
  return { text, alternatives: pattern.alternatives, quantifiers, refersBack };
}
