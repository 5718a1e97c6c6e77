import { describe, expect, it } from 'vitest';
import { memberOfUser, parseMember, parseUser } from '../../src/pusher-protocol/users.js';

const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

/** From Node 26 on, JSON is written to any depth. */
function isWritable(json: string): boolean {
  try {
    return JSON.stringify(JSON.parse(json)) === json;
  } catch {
    return false;
  }
}

describe('the member in a channel_data', () => {
  it.each([
    ['{"user_id":"ann"}', { id: 'ann', info: undefined }],
    ['{"user_id":42,"user_info":{"name":"Ann"}}', { id: '42', info: '{"name":"Ann"}' }],
    ['{"user_id":"ann","user_info":null,"more":1}', { id: 'ann', info: 'null' }],
  ])('is read from %s', (channelData, member) => {
    expect(parseMember(channelData, 100)).toEqual(member);
  });

  it.each([
    ['ann', 'The channel_data is not a JSON object'],
    ['{}', 'The channel_data needs a "user_id" of 1 to 128 characters'],
    ['{"user_id":""}', 'The channel_data needs a "user_id" of 1 to 128 characters'],
    [`{"user_id":"${'é'.repeat(50)}"}`, "The member's channel_data is over 100 bytes"],
  ])('is refused in words for %s', (channelData, problem) => {
    expect(parseMember(channelData, 100)).toBe(problem);
  });

  it('is refused when its user_info can be read but not written', () => {
    const member = parseMember(`{"user_id":"ann","user_info":${deep}}`, 100_000);
    expect(member).toEqual(isWritable(deep) ? { id: 'ann', info: deep } : 'The "user_info" is nested too deeply');
  });
});

describe('the user in a user_data', () => {
  it('is read with its user_info', () => {
    expect(parseUser('{"id":"ann","user_info":{"name":"Ann"}}', 100)).toEqual({ id: 'ann', info: '{"name":"Ann"}' });
  });

  it.each([
    ['{"id":42}', 'The user_data needs an "id" as a text of 1 to 128 characters'],
    ['[]', 'The user_data needs an "id" as a text of 1 to 128 characters'],
    [`{"id":"ann","user_info":"${'x'.repeat(100)}"}`, 'The user_data is over 100 bytes'],
  ])('is refused in words for %s', (userData, problem) => {
    expect(parseUser(userData, 100)).toBe(problem);
  });

  it('is a member of a presence channel unless the channel_data would be too large', () => {
    const user = { id: 'ann', info: '{"name":"Ann"}' };
    expect(memberOfUser(user, 100)).toBe(user);
    expect(memberOfUser(user, 40)).toBe("The signed-in user's data is over 40 bytes");
    expect(memberOfUser({ id: 'ann', info: undefined }, 40)).toEqual({ id: 'ann', info: undefined });
  });
});
