import { describe, expect, it } from 'vitest';
import { itemOf } from '../../../src/server/relay/item-text.js';
import type { SetChange } from '../../../src/server/relay/relay.js';
import { SharedMembers } from '../../../src/server/relay/shared-members.js';

function change(previous: number, version: number, left: string[], came: string[]): SetChange {
  const items = came.map((item) => ({ item, value: '' }));
  return { set: 'members', previous, version, weight: 1, left, came: items };
}

function state(version: number, ...ids: string[]) {
  return { version, items: ids.map((item) => ({ item, value: '' })) };
}

/** The ids in what is told. */
function told(found: ReturnType<SharedMembers['apply']>) {
  return found && { left: found.left, came: found.came.map(({ id }) => id) };
}

describe('the copy of the members', () => {
  it('takes the changes that came before it was read, and not those that the list has already', () => {
    const members = new SharedMembers();
    expect(told(members.apply(change(1, 2, [], ['ann'])))).toEqual({ left: [], came: [] });
    members.apply(change(2, 3, [], ['bob']));
    members.apply(change(3, 4, ['ann'], []));
    expect(members.isKnown).toBe(false);
    expect(told(members.reset(state(3, 'ann', 'bob')))).toEqual({ left: [], came: ['bob'] });
    expect([members.ids, members.count, members.has('ann')]).toEqual([['bob'], 1, false]);
  });

  it('drops a change that it has already, and says when one is missing', () => {
    const members = new SharedMembers();
    members.reset(state(5, 'ann'));
    expect(told(members.apply(change(3, 4, ['ann'], [])))).toEqual({ left: [], came: [] });
    expect(told(members.apply(change(5, 6, [], ['bob'])))).toEqual({ left: [], came: ['bob'] });
    expect(members.apply(change(7, 8, [], ['cho']))).toBeUndefined();
    expect(members.ids).toEqual(['ann', 'bob']);
  });

  it('is not known when a change is missing that came while it was read', () => {
    const members = new SharedMembers();
    members.apply(change(5, 6, [], ['bob']));
    members.apply(change(7, 8, [], ['dan']));
    expect(told(members.reset(state(5, 'ann')))).toEqual({ left: [], came: ['ann', 'bob'] });
    expect([members.isKnown, members.forgotten]).toEqual([false, 1]);
    expect(told(members.reset(state(8, 'ann', 'bob', 'cho', 'dan')))).toEqual({ left: [], came: ['cho', 'dan'] });
    expect(members.isKnown).toBe(true);
  });

  it('tells no more than the difference when it is read again', () => {
    const members = new SharedMembers();
    members.reset(state(5, 'ann', 'bob'));
    members.forget();
    members.apply(change(7, 8, ['cho'], ['dan']));
    expect(told(members.reset(state(7, 'bob', 'cho', 'eve')))).toEqual({ left: ['ann'], came: ['eve', 'dan'] });
    expect(members.ids).toEqual(['bob', 'eve', 'dan']);
  });

  it('tells of a member with other details as one who has left and come', () => {
    const members = new SharedMembers();
    members.reset({ version: 1, items: [{ item: 'ann', value: '{"name":"Ann"}' }] });
    const found = members.reset({ version: 2, items: [{ item: 'ann', value: '{"name":"Anne"}' }] });
    expect(found).toEqual({ left: ['ann'], came: [{ id: 'ann', info: '{"name":"Anne"}' }] });
  });

  it('does not go back to an older list', () => {
    const members = new SharedMembers();
    members.reset(state(5, 'ann', 'bob'));
    expect(told(members.reset(state(4, 'ann')))).toEqual({ left: [], came: [] });
    expect(members.ids).toEqual(['ann', 'bob']);
  });

  it('knows an id of any text', () => {
    const members = new SharedMembers();
    members.reset(state(1, itemOf('%50 off'), itemOf('a\0b')));
    expect(members.ids).toEqual(['%50 off', 'a\0b']);
    members.apply(change(1, 2, [itemOf('a\0b')], []));
    expect(members.ids).toEqual(['%50 off']);
  });

  it('keeps a member of this node whom the relay has taken for dead, until they are back or leave', () => {
    const here = new Set(['ann', 'bob']);
    const members = new SharedMembers((id) => here.has(id));
    members.reset(state(1, 'ann', 'bob', 'cho'));
    expect(told(members.apply(change(1, 2, ['ann', 'bob', 'cho'], [])))).toEqual({ left: ['cho'], came: [] });
    expect(told(members.apply(change(2, 3, [], ['ann'])))).toEqual({ left: [], came: [] });
    here.clear();
    expect(told(members.leftHere('bob'))).toEqual({ left: ['bob'], came: [] });
    expect(told(members.leftHere('ann'))).toEqual({ left: [], came: [] });
    expect(told(members.apply(change(3, 4, ['ann'], [])))).toEqual({ left: ['ann'], came: [] });
    expect(members.ids).toEqual([]);
  });

  it('lets a member leave who is in no list that is read, unless they are here', () => {
    const here = new Set(['ann']);
    const members = new SharedMembers((id) => here.has(id));
    members.reset(state(1, 'ann', 'bob'));
    members.forget();
    expect(told(members.reset(state(2)))).toEqual({ left: ['bob'], came: [] });
    here.clear();
    expect(told(members.leftHere('ann'))).toEqual({ left: ['ann'], came: [] });
  });

  it('takes the new value of a member of this node', () => {
    const members = new SharedMembers(() => true);
    members.reset(state(1, 'ann'));
    members.apply(change(1, 2, ['ann'], []));
    const back = { ...change(2, 3, [], []), came: [{ item: 'ann', value: '{"name":"Ann"}' }] };
    expect(members.apply(back)).toEqual({ left: ['ann'], came: [{ id: 'ann', info: '{"name":"Ann"}' }] });
  });
});
