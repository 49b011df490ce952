import { defineScript } from './script.ts';

/**
 * A lock is a sorted set: its members are leases, `s` and a token of one that others share, `x` and a token of one that is alone, each with the instant (milliseconds, by the server's clock) at which
 * it ends. Redis runs a script alone, so that looking and taking are one step.
 */
const LIVING_LEASES = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local function extend(lease, millis)
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + millis), lease)
  if redis.call('PTTL', KEYS[1]) < millis then redis.call('PEXPIRE', KEYS[1], millis) end
end
`;

/**
 * KEYS: the lock. ARGV: 1 the lease, 2 milliseconds that it lasts. Answers 1 when it is had, else 0. A lease that is alone is entered at once, and had when all shared ones have ended: those that come
 * later wait behind it.
 */
export const TAKE_SCRIPT = defineScript(`
${LIVING_LEASES}
local lease, millis = ARGV[1], tonumber(ARGV[2])
local is_alone = string.sub(lease, 1, 1) == 'x'
local others_share = false
for _, other in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if other ~= lease then
    if string.sub(other, 1, 1) == 'x' then return 0 end
    others_share = true
  end
end
extend(lease, millis)
return (is_alone and others_share) and 0 or 1
`);

/** KEYS and ARGV as above. Answers 1 when the lease goes on, 0 when there is none any more. */
export const RENEW_LEASE_SCRIPT = defineScript(`
${LIVING_LEASES}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
extend(ARGV[1], tonumber(ARGV[2]))
return 1
`);

/** KEYS: the lock. ARGV: 1 the lease. Answers 1 when it was there still, else 0. */
export const FREE_SCRIPT = defineScript(`
${LIVING_LEASES}
return redis.call('ZREM', KEYS[1], ARGV[1])
`);
