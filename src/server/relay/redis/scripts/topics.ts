import type { Script } from '../transport.js';
import { absent, append, clock, head } from './state.js';

/** Topics in one page of a list, about. */
const PAGE = 500;

/**
 * Parameters: the incarnation or nothing; for each message its channel and what is published.
 * @returns 0 when the incarnation is not known
 */
export function publishScript(publish: string): Script {
  return {
    name: 'publish',
    text: `
if ARGV[1] ~= '' and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
for index = 2, #ARGV, 2 do redis.call('${publish}', ARGV[index], ARGV[index + 1]) end
return 1`,
  };
}

/**
 * As {@link publishScript}, for messages that are kept or have an entry. Parameters: the incarnation or nothing; for
 * each message its topic, what is published, how long it is kept in milliseconds or nothing, `+` and the log or
 * nothing, the text.
 */
export function publishAndKeepScript(publish: string): Script {
  return {
    name: 'publish',
    text: `${head}${append}
if ARGV[1] ~= '' and call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
-- First what a full Redis refuses.
for index = 2, #ARGV, 5 do
  local topic, keepMs, log = ARGV[index], ARGV[index + 2], ARGV[index + 3]
  if keepMs ~= '' then
    call('SET', prefix .. 'kept:' .. topic, ARGV[index + 1], 'PX', keepMs)
    call('DEL', prefix .. 'missed:' .. topic)
  end
  if log ~= '' then append(sub(log, 2), ARGV[index + 4]) end
end
for index = 2, #ARGV, 5 do call('${publish}', prefix .. 't:' .. ARGV[index], ARGV[index + 1]) end
return 1`,
  };
}

/**
 * Parameters: the topic; how long nobody else is the first, or nothing for who does not ask to be.
 * @returns the message and for how many milliseconds it is kept; or 1 for the first one, 0 for another
 */
export const keptScript: Script = {
  name: 'kept',
  isBinary: true,
  text: `${head}
local kept = prefix .. 'kept:' .. ARGV[1]
local payload = call('GET', kept)
if payload then return { payload, call('PTTL', kept) } end
if ARGV[2] ~= '' and call('SET', prefix .. 'missed:' .. ARGV[1], '1', 'NX', 'PX', ARGV[2]) then return 1 end
return 0`,
};

/** Parameters: topic; set. @returns the version, and items and rows by turns */
export const readScript: Script = {
  name: 'read',
  text: String.raw`${head}${clock}${absent}
local id = ARGV[1] .. '\0' .. ARGV[2]
local row = call('HGET', prefix .. 'sets:' .. ARGV[2], ARGV[1])
if not row then return { absent(id), {} } end
return { match(row, '%d+$'), call('HGETALL', prefix .. 'items:' .. id) }`,
};

/** Parameters: topic and set, many times. @returns for each its row in `sets`, or nil */
export const figuresScript: Script = {
  name: 'figures',
  text: `${head}
local rows = {}
for index = 1, #ARGV, 2 do rows[#rows + 1] = call('HGET', prefix .. 'sets:' .. ARGV[index + 1], ARGV[index]) end
return rows`,
};

/** Parameters: set; a pattern for topics; the cursor. @returns the next cursor; topics and rows by turns */
export const listScript: Script = {
  name: 'list',
  text: `${head}
return call('HSCAN', prefix .. 'sets:' .. ARGV[1], ARGV[3], 'MATCH', ARGV[2], 'COUNT', ${PAGE})`,
};

/** Parameters: the key; for how long. @returns 1 for the first one */
export const isFirstScript: Script = {
  name: 'isFirst',
  text: `${head}
return call('SET', prefix .. 'first:' .. ARGV[1], '1', 'NX', 'PX', ARGV[2]) and 1 or 0`,
};

/** Parameters: the key. */
export const forgetScript: Script = {
  name: 'forget',
  text: `${head}
return call('DEL', prefix .. 'first:' .. ARGV[1])`,
};
