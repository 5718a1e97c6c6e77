/**
 * Whether a value carries a mark of this package. With it an object is recognised that another copy of the package made, where
 * `instanceof` cannot: an application may load two, one from a bundle and one from `node_modules`.
 * @param mark from `Symbol.for`, on the prototype of the class
 */
export function isMarked(value: unknown, mark: symbol): boolean {
  return typeof value === 'object' && value !== null && mark in value;
}
