import type { Script } from '../transport.js';
import { clock, head, KEPT_MS, sharesOf } from './state.js';

/** Shares in one slice of what is long: with it Redis is busy for less than a few milliseconds. */
const SLICE = 200;

/** Bits that say what is given of a change. */
export const changeBits = {
  /** Topic and set are those of the change before, and left out. */
  sameSet: 1,
  share: 2,
  isTold: 4,
  isWeightTold: 8,
  value: 16,
  onCame: 32,
  onLeft: 64,
  maxItems: 128,
  maxWeight: 256,
  leavesLast: 512,
} as const;

/** Parameters: the incarnation; the lease in milliseconds. */
export const registerScript: Script = {
  name: 'register',
  text: `${head}${clock}
call('PEXPIRE', KEYS[1], ${KEPT_MS})
call('HSET', KEYS[1], ARGV[1], whole(now + ARGV[2]) .. ' 0')
call('PEXPIRE', KEYS[1], ${KEPT_MS})`,
};

/**
 * Parameters: the incarnation; the lease; the greatest number of an update that is known to have been made, and this
 * one's; the channel of the marker; where to go on with renewing what is held, or nothing; 1 when shares may
 * come; and for each change: its bits, then as far as they say so topic, set; item; weight, value, log and text of
 * `onCame`, of `onLeft`, maxItems, maxWeight.
 *
 * A Redis that has gone back to an older state, from disk or on a replica, knows fewer updates than the node. Then the
 * incarnation counts as dead.
 * @returns number of nodes; where to go on; expired incarnations; for each change what came of it, items, weight; when
 * the memory began
 */
export function updateScript(publish: string): Script {
  return {
    name: 'update',
    text: String.raw`${head}${clock}${sharesOf(publish)}
local incarnation, shares = ARGV[1], prefix .. 'shares:' .. ARGV[1]
local row = call('HGET', KEYS[1], incarnation)
if not row then return false end
if tonumber(match(row, '%d+$')) < tonumber(ARGV[3]) then
  call('HDEL', KEYS[1], incarnation)
  call('HSET', prefix .. 'ended', incarnation, '0')
  call('PEXPIRE', prefix .. 'ended', ${KEPT_MS})
  return false
end
-- A full Redis refuses a command that takes memory, unless the script has written already. So what takes none, a lease
-- and shares that end, is done all the same.
if ARGV[7] ~= '1' then call('PEXPIRE', KEYS[1], ${KEPT_MS}) end
call('HSET', KEYS[1], incarnation, whole(now + ARGV[2]) .. ' ' .. ARGV[4])
call('PEXPIRE', KEYS[1], ${KEPT_MS})

local results, count = {}, 0
local band, position, length, topic, set = bit.band, 8, #ARGV, nil, nil
local function following()
  position = position + 1
  return ARGV[position - 1]
end
while position <= length do
  local bits = tonumber(following())
  if band(bits, ${changeBits.sameSet}) == 0 then topic, set = following(), following() end
  local item, value, onLeft = following(), '', ''
  local weight, cameLog, cameText, maxItems, maxWeight
  if band(bits, ${changeBits.share}) ~= 0 then weight = tonumber(following()) end
  if band(bits, ${changeBits.value}) ~= 0 then value = following() end
  if band(bits, ${changeBits.onCame}) ~= 0 then cameLog, cameText = following(), following() end
  if band(bits, ${changeBits.onLeft}) ~= 0 then onLeft = '\0' .. following() .. '\0' .. following() end
  if band(bits, ${changeBits.maxItems}) ~= 0 then maxItems = tonumber(following()) end
  if band(bits, ${changeBits.maxWeight}) ~= 0 then maxWeight = tonumber(following()) end
  local flags = band(bits, ${changeBits.isTold}) ~= 0 and 't' or ''
  if band(bits, ${changeBits.isWeightTold}) ~= 0 then flags = flags .. 'w' end
  if band(bits, ${changeBits.leavesLast}) ~= 0 then flags = flags .. 'l' end
  local state = opened(topic, set)
  results[count + 1] = change(shares, state, item, weight, value, flags, onLeft, cameLog, cameText, maxItems, maxWeight)
  results[count + 2], results[count + 3] = state.items, state.weight
  count = count + 3
end
settle()

local cursor = ARGV[6]
if cursor ~= '' then
  local found = call('HSCAN', shares, cursor, 'COUNT', ${SLICE})
  local renewed = {}
  cursor = found[1]
  for index = 1, #found[2], 2 do
    local name, its = match(found[2][index], '^([^%z]*)%z([^%z]*)%z')
    if name then
      renewed['items:' .. name .. '\0' .. its] = true
      renewed['sets:' .. its] = true
    end
  end
  for name in pairs(renewed) do call('PEXPIRE', prefix .. name, ${KEPT_MS}) end
end
call('PEXPIRE', shares, ${KEPT_MS})

local nodes, expired = 0, call('HKEYS', prefix .. 'ended')
local all = call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  if tonumber(match(all[index + 1], '^%d+')) > now then
    nodes = nodes + 1
  else
    expired[#expired + 1] = all[index]
  end
end
call('${publish}', ARGV[5], 'M' .. incarnation .. ' ' .. ARGV[4])
return { nodes, cursor, expired, results, began() }`,
  };
}

/**
 * Parameters: the incarnation; 1 when its lease may last.
 * @returns 1 when shares are left
 */
export function evictScript(publish: string): Script {
  return {
    name: 'evict',
    text: `${head}${clock}${sharesOf(publish)}
local incarnation, ended, shares = ARGV[1], prefix .. 'ended', prefix .. 'shares:' .. ARGV[1]
local row = call('HGET', KEYS[1], incarnation)
if row and ARGV[2] ~= '1' and tonumber(match(row, '^%d+')) > now then return 0 end
-- First of all one that a full Redis carries out.
call('HDEL', KEYS[1], incarnation)
call('PEXPIRE', KEYS[1], ${KEPT_MS})
-- Where the slice begins, after 'l' in the second round, in which those go that leave last.
local round, place = match(call('HGET', ended, incarnation) or '0', '^(l?)(%d+)$')
local found = call('HSCAN', shares, place, 'COUNT', ${SLICE})
local count, index = 0, 1
while index < #found[2] and count < ${SLICE} do
  local topic, set, item = match(found[2][index], '^([^%z]*)%z([^%z]*)%z(.*)$')
  local flags = match(found[2][index + 1], '^%d+(%l*)') or ''
  if not topic then
    call('HDEL', shares, found[2][index])
  elseif round == 'l' or not find(flags, 'l', 1, true) then
    change(shares, opened(topic, set), item, nil, '', flags, '')
    count = count + 1
  end
  index = index + 2
end
settle()
if call('EXISTS', shares) == 0 then
  call('HDEL', ended, incarnation)
  return 0
end
-- A small hash is scanned as a whole, in which this slice has not come to the end.
if index > #found[2] then
  place = found[1]
  if place == '0' then round = 'l' end
end
call('HSET', ended, incarnation, round .. place)
call('PEXPIRE', ended, ${KEPT_MS})
return 1`,
  };
}
