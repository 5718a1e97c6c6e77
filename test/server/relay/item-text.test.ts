import { expect, it } from 'vitest';
import { idOf, itemOf } from '../../../src/server/relay/item-text.js';

const odd = ['\ud800', '\udc00\ud800', 'a\0b', '%', '%ann', '\ud83d\ude00\0', '\ud800'.repeat(128), '%'.repeat(128)];

it.each(['ann', 'é/%', '\u{1f600}', '漢'.repeat(128)])('an id that a relay takes is its own item: %s', (id) => {
  expect([itemOf(id), idOf(id)]).toEqual([id, id]);
});

it('each other id is an item that a relay takes, and that no other id is', () => {
  for (const id of odd) {
    const item = itemOf(id);
    expect(idOf(item)).toBe(id);
    expect([item.includes('\0'), item.isWellFormed(), Buffer.byteLength(item) <= 400]).toEqual([false, true, true]);
  }
  expect(new Set([...odd, '\ufffd'].map(itemOf)).size).toBe(odd.length + 1);
});
