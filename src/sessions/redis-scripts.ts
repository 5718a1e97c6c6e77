// A user's sessions are a sorted set of channel ids; the score is when a session ends, in milliseconds since the epoch by the clock
// of the Redis server. The clocks of several processes differ: one that is ahead would end, and delete, what lives for the others.
// So each change is a script, which reads the server's clock, and which no other process comes between.

/** Sets `now`. */
const readClock = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)`;

/** Ends the key with its last session; without one that ends, the key stays. */
const renewExpiry = `
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then
  redis.call('PERSIST', KEYS[1])
elseif last then
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
end`;

const dropExpired = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)`;

/**
 * Adds a session or renews it.
 * Keys: the user's. Parameters: the channel id; its time to live in milliseconds or `inf`; `live` to renew only what is live.
 * @returns when it ends, as text; nil when there is nothing to renew
 */
export const keepScript: string = `${readClock}${dropExpired}
if ARGV[3] == 'live' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return false end
local ends = ARGV[2]
if ends ~= 'inf' then ends = string.format('%.0f', now + ends) end
redis.call('ZADD', KEYS[1], ends, ARGV[1])${renewExpiry}
return ends`;

/** Removes a session. Keys: the user's. Parameters: the channel id. */
export const removeScript: string = `${readClock}${dropExpired}
redis.call('ZREM', KEYS[1], ARGV[1])${renewExpiry}`;

/** Removes all sessions of a user. Keys: the user's. */
export const removeAllScript = `redis.call('DEL', KEYS[1])`;

/** Reads the live sessions of users; it changes nothing, so that a replica may run it. Keys: the users'. @returns a list for each key */
export const lookUpScript: string = `${readClock}
local found = {}
for position, key in ipairs(KEYS) do
  found[position] = redis.call('ZRANGEBYSCORE', key, '(' .. string.format('%.0f', now), '+inf')
end
return found`;
