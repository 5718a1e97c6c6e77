import type { Script } from '../transport.js';
import { clock, head, KEPT_MS } from './state.js';

// A log is the list `log:L`. Beside it is the hash `readers:L`: with the field NUL the number of entries that there
// have ever been, so that each has a number; with a reader's name its incarnation, the end of its turn and the number
// of the last entry that it has gone past; with its name and NUL the note.

/**
 * How long the position of a reader that nobody names counts, in milliseconds: nodes of two releases may have different
 * ones.
 */
const FORGOTTEN_MS = 3_600_000;

/**
 * `reader(row)` gives the incarnation, the end of its turn and its position; nothing for a reader that is not known.
 */
const reader = `
local function reader(row)
  if not row then return nil, 0, nil end
  local incarnation, ends, position = match(row, '^(%S*) (%d+) (-?%d+)$')
  return incarnation, tonumber(ends), tonumber(position)
end
`;

/**
 * Parameters: the incarnation; the log; the reader; the lease in milliseconds; how many entries; the names of all
 * readers.
 * @returns nil when another one is the reader; number of the first entry, entries, the note or nil, how many wait
 */
export const readLogScript: Script = {
  name: 'readLog',
  text: String.raw`${head}${clock}${reader}
local me, log, readers, mine = ARGV[1], prefix .. 'log:' .. ARGV[2], prefix .. 'readers:' .. ARGV[2], ARGV[3]
if call('HEXISTS', KEYS[1], me) == 0 then return false end
local whose, ends, position = reader(call('HGET', readers, mine))
if whose and whose ~= me and ends > now and call('HEXISTS', KEYS[1], whose) == 1 then return false end

-- So that a full Redis carries out the rest, after which there is less in it.
call('PEXPIRE', readers, ${KEPT_MS})
local length = call('LLEN', log)
local last = tonumber(call('HGET', readers, '\0') or '0')
local before = last - length
position = math.min(math.max(position or before, before), last)

local least = position
for index = 6, #ARGV do
  if ARGV[index] ~= mine then
    local row = call('HGET', readers, ARGV[index])
    local _, _, its = reader(row)
    -- One that is new reads all that is there.
    if not row then call('HSET', readers, ARGV[index], ' ' .. whole(now) .. ' ' .. whole(before)) end
    least = math.min(least, its or before)
  end
end
local all = call('HGETALL', readers)
for index = 1, #all, 2 do
  local name = all[index]
  if not find(name, '%z') then
    local _, its, place = reader(all[index + 1])
    if its + ${FORGOTTEN_MS} > now then least = math.min(least, place) end
  end
end
if least > before then call('LTRIM', log, whole(least - before), -1) end
before = math.max(before, least)

local waiting = last - position
local turn = waiting > 0 and now + ARGV[4] or now
call('HSET', readers, mine, (waiting > 0 and me or '') .. ' ' .. whole(turn) .. ' ' .. whole(position))
call('PEXPIRE', readers, ${KEPT_MS})
call('PEXPIRE', log, ${KEPT_MS})
if waiting == 0 then return { 0, {}, false, 0 } end
local entries = call('LRANGE', log, whole(position - before), whole(position - before + ARGV[5] - 1))
return { position + 1, entries, call('HGET', readers, mine .. '\0'), waiting }`,
};

/** The beginning of what only the reader may do. Parameters: the incarnation; the log; the reader. */
const asReader = `${head}${reader}
local me, readers, mine = ARGV[1], prefix .. 'readers:' .. ARGV[2], ARGV[3]
if call('HEXISTS', KEYS[1], me) == 0 then return 0 end
local whose, ends, position = reader(call('HGET', readers, mine))
if whose ~= me then return 0 end
call('PEXPIRE', readers, ${KEPT_MS})
`;

/** Parameters: those of {@link asReader}; the note. @returns 0 when this is not the reader */
export const noteInLogScript: Script = {
  name: 'noteInLog',
  text: String.raw`${asReader}
call('HSET', readers, mine .. '\0', ARGV[4])
return 1`,
};

/** Parameters: those of {@link asReader}; the number of an entry. @returns 0 when this is not the reader */
export const passInLogScript: Script = {
  name: 'passInLog',
  text: String.raw`${asReader}
call('HSET', readers, mine, me .. ' ' .. whole(ends) .. ' ' .. whole(math.max(position, tonumber(ARGV[4]))))
call('HDEL', readers, mine .. '\0')
return 1`,
};
