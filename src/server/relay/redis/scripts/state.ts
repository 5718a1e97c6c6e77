// What a node holds, and the sets that this adds up to. All of it is in hashes, in each partition:
//   nodes      incarnation → end of its lease, in milliseconds by the clock of Redis, and number of its last update
//   ended      incarnations that are being evicted → where the next slice begins, after `l` in the second round
//   shares:N   what the incarnation N holds: topic, set and item, parted by NUL → weight, `t` and `w` where those who
//              listen are told of items and of weights, `l` where it leaves last, and after NUL the log and the text
//              for when the item leaves
//   sets:S     of all sets of this name: topic → number of items, weight, version
//   items:T\0S a set: item → place, number of shares, their weight, value
//   versions   `last`: the version that was given last; `goneXX`: the greatest one of sets that are gone, by the first
//              digits of a hash of their name; `since`: when all this began
// Each key has an expiry, which updates renew.

/** Keeps what nobody renews, in milliseconds: longer than it takes a node to renew all that it holds. */
export const KEPT_MS = 86_400_000;

/** The first lines of each script: names, and `prefix`, with which all names of the partition begin. */
export const head: string = `
local call, match, find, sub, format = redis.call, string.match, string.find, string.sub, string.format
local prefix = sub(KEYS[1], 1, -6)
local function whole(number) return format('%.0f', number) end
`;

/** `now`, in milliseconds, and `micros`. */
export const clock: string = `
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local micros = clock[1] * 1000000 + clock[2]
`;

/**
 * `append(log, text)`. A log is a list, and beside it is a hash that counts all entries there have ever been: so each
 * has a number, however many were taken away, and whichever of the two was lost.
 */
export const append: string = String.raw`
local function append(log, text)
  local length = call('RPUSH', prefix .. 'log:' .. log, text)
  local count = call('HINCRBY', prefix .. 'readers:' .. log, '\0', 1)
  if length > 10000 then call('LTRIM', prefix .. 'log:' .. log, -10000, -1) end
  if length == 1 or count == 1 then
    call('PEXPIRE', prefix .. 'log:' .. log, ${KEPT_MS})
    call('PEXPIRE', prefix .. 'readers:' .. log, ${KEPT_MS})
  end
end
`;

/**
 * `goneField(id)`, the field of `versions` for a set that is gone; `began()`, when the memory began, in microseconds;
 * `absent(id)`, the version of a set that is not there: at least the last one that it had.
 */
export const absent: string = `
local versions = prefix .. 'versions'
local function goneField(id) return 'gone' .. sub(redis.sha1hex(id), 1, 2) end
local function began()
  local since = call('HGET', versions, 'since')
  if not since then
    since = whole(micros)
    call('HSET', versions, 'since', since)
  end
  call('PEXPIRE', versions, ${KEPT_MS})
  return since
end
local function absent(id) return call('HGET', versions, goneField(id)) or began() end
`;

/**
 * `opened(topic, set)` reads what is known of a set; `change` changes one share; `settle` writes and tells what has
 * become of all sets.
 * @param publish the command that publishes
 */
export function sharesOf(publish: string): string {
  return String.raw`${absent}${append}
local sets, order = {}, {}
local last

local function nextNumber()
  last = last or tonumber(call('HGET', versions, 'last') or 0)
  last = math.max(last + 1, micros)
  return last
end

local function opened(topic, set)
  local id = topic .. '\0' .. set
  local found = sets[id]
  if found then return found end
  found = { id = id, topic = topic, set = set, key = prefix .. 'items:' .. id, weight = 0 }
  local row = call('HGET', prefix .. 'sets:' .. set, topic)
  if row then
    local weight, version = match(row, '^%d+ (%d+) (%d+)$')
    found.weight, found.version = tonumber(weight), version
  end
  -- Counted anew, in case Redis has evicted one of the two keys.
  found.items = call('HLEN', found.key)
  if found.items == 0 then found.weight = 0 end
  found.before = found.weight
  sets[id] = found
  order[#order + 1] = found
  return found
end

-- Notes that an item has another value, false for none.
local function note(state, item, before, after)
  if not state.events then state.was, state.is, state.events = {}, {}, {} end
  if state.was[item] == nil then state.was[item] = before end
  state.is[item] = after
  state.events[#state.events + 1] = item
end

-- Changes a share of the node whose shares are in a key. Gives 1 when it is refused, 2 for an item that has come, 4 for
-- one that has left.
local function change(shares, state, item, weight, value, flags, onLeft, cameLog, cameText, maxItems, maxWeight)
  local field = state.id .. '\0' .. item
  local held = call('HGET', shares, field)
  if not weight and not held then return 0 end
  local heldWeight = held and tonumber(match(held, '^%d+')) or 0
  local row = call('HGET', state.key, item)
  local place, holders, total, found = nil, 0, 0, false
  if row then
    place, holders, total, found = match(row, '^(%d+) (%d+) (%d+) (.*)$')
    holders, total = tonumber(holders), tonumber(total)
  end
  if weight then
    if maxItems and not row and state.items >= maxItems then return 1 end
    if maxWeight and weight > heldWeight and state.weight - heldWeight + weight > maxWeight then return 1 end
  end
  if find(flags, 't', 1, true) then state.isTold = true end
  if find(flags, 'w', 1, true) then state.isWeightTold = true end
  state.isDirty = true
  state.weight = math.max(0, state.weight - heldWeight + (weight or 0))
  local others = math.max(0, total - heldWeight)

  if not weight then
    call('HDEL', shares, field)
    if not row then return 0 end
    if holders > 1 then
      call('HSET', state.key, item, place .. ' ' .. whole(holders - 1) .. ' ' .. whole(others) .. ' ' .. found)
      return 0
    end
    call('HDEL', state.key, item)
    state.items = math.max(0, state.items - 1)
    note(state, item, found, false)
    local log, text = match(held, '^%d+%l*%z([^%z]*)%z(.*)$')
    if log then append(log, text) end
    return 4
  end

  call('HSET', shares, field, whole(weight) .. flags .. onLeft)
  if not row then
    place, holders, found = whole(nextNumber()), 0, value
    state.items = state.items + 1
    note(state, item, false, value)
    if cameLog then append(cameLog, cameText) end
  elseif others == 0 and found ~= value then
    place = whole(nextNumber())
    note(state, item, found, value)
    found = value
  end
  if not row or not held then holders = holders + 1 end
  call('HSET', state.key, item, place .. ' ' .. whole(holders) .. ' ' .. whole(others + weight) .. ' ' .. found)
  if row then return 0 end
  call('PEXPIRE', state.key, ${KEPT_MS})
  return 2
end

-- The items that have left, and those that have come with their values, both from the last one to the first.
local function differences(state)
  local left, came, seen = {}, {}, {}
  local events = state.events or {}
  for index = #events, 1, -1 do
    local item = events[index]
    if not seen[item] then
      seen[item] = true
      if state.was[item] then left[#left + 1] = item end
      if state.is[item] then
        came[#came + 1] = state.is[item]
        came[#came + 1] = item
      end
    end
  end
  return left, came
end

local function settle()
  local names = {}
  for index = 1, #order do
    local state = order[index]
    if state.isDirty then
      local left, came = differences(state)
      local version = state.version
      local isChanged = #left > 0 or #came > 0 or state.isWeightTold and state.weight ~= state.before
      if isChanged or not version then
        local previous = version or absent(state.id)
        version = whole(nextNumber())
        if isChanged and (state.isTold or state.isWeightTold) then
          local parts = { state.set, previous, version, whole(state.weight), whole(#left) }
          for position = #left, 1, -1 do parts[#parts + 1] = left[position] end
          for position = #came, 1, -1 do parts[#parts + 1] = came[position] end
          call('${publish}', prefix .. 't:' .. state.topic, 'C' .. table.concat(parts, '\0'))
        end
      end
      names[state.set] = true
      if state.items > 0 then
        call('HSET', prefix .. 'sets:' .. state.set, state.topic,
          whole(state.items) .. ' ' .. whole(state.weight) .. ' ' .. version)
      else
        call('HDEL', prefix .. 'sets:' .. state.set, state.topic)
        call('HSET', versions, goneField(state.id), version)
        call('DEL', prefix .. 'missed:' .. state.topic)
      end
    end
  end
  for name in pairs(names) do call('PEXPIRE', prefix .. 'sets:' .. name, ${KEPT_MS}) end
  if last then call('HSET', versions, 'last', whole(last)) end
  call('PEXPIRE', versions, ${KEPT_MS})
end
`;
}
