// A user's id may be any text, and with it the name of the user's channel. The items of a relay's sets, and its topics,
// are texts without NUL that UTF-8 can hold, of up to 500 bytes.

const MARK = '%';

/** Makes an item of a user's id. Nearly every id is its own item. One of 128 characters has 384 bytes at most. */
export function itemOf(id: string): string {
  if (!id.startsWith(MARK) && !id.includes('\0') && id.isWellFormed()) return id;
  return MARK + Buffer.from(id, 'utf16le').toString('base64url');
}

/** The id that an item stands for. */
export function idOf(item: string): string {
  return item.startsWith(MARK) ? Buffer.from(item.slice(MARK.length), 'base64url').toString('utf16le') : item;
}
