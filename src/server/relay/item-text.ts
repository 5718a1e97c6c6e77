// A user's id may be any text. The items of a relay's sets are texts without NUL that UTF-8 can hold.

const MARK = '%';

/** Makes an item of a user's id. Nearly every id is its own item. */
export function itemOf(id: string): string {
  return id.startsWith(MARK) || id.includes('\0') || !id.isWellFormed() ? MARK + JSON.stringify(id) : id;
}

/** The id that an item stands for. */
export function idOf(item: string): string {
  return item.startsWith(MARK) ? (JSON.parse(item.slice(MARK.length)) as string) : item;
}
