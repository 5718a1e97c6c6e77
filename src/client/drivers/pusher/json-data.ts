/**
 * The kinds of what JSON holds; of a number, the number itself. What has a `toJSON`, as a `Date` has, is asked before.
 */
const kept = /^(?:Object|Array|String|Number|Boolean|Null|-?\d.*)$/;

/**
 * Checks the data of an event, as `send` does on the server.
 * @throws TypeError for a value that JSON loses, such as a `Blob`, a function or NaN; for a BigInt and for a cycle
 */
export function checkData(data: unknown): void {
  JSON.stringify(data, function (this: unknown, key: string, value: unknown) {
    const kind = typeof value === 'number' ? String(value) : Object.prototype.toString.call(value).slice(8, -1);
    // JSON leaves out a key whose value is undefined. In a list, it makes null of it.
    if (!kept.test(kind) && (value !== undefined || Array.isArray(this)))
      throw new TypeError(`JSON loses "${key || 'data'}", which is ${kind}.`);
    return value;
  });
}
