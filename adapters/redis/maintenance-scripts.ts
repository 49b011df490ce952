import { defineScript } from './script.ts';
import { TIMESTAMP_FUNCTIONS } from './script-timestamps.ts';

/**
 * Renews the expiry of hashes that hold a value of a view which is recent enough. KEYS: the hashes. ARGV: 1 timestamp field, 2 seconds that a key lives or -1 (no end),
 * 3 the oldest event timestamp that is recent enough (serialized); left out: any is. Answers how many hold such a value. A lifetime is never shortened.
 */
export const RENEW_SCRIPT = defineScript(`
${TIMESTAMP_FUNCTIONS}
local renewed = 0
for k = 1, #KEYS do
  local stored = redis.call('HGET', KEYS[k], ARGV[1])
  if stored and (#ARGV == 2 or compare(stored, 1, ARGV[3], 1) >= 0) then
    if tonumber(ARGV[2]) >= 0 then redis.call('EXPIRE', KEYS[k], ARGV[2], 'GT') else redis.call('PERSIST', KEYS[k]) end
    renewed = renewed + 1
  end
end
return renewed
`);

/**
 * Removes a view's fields from hashes. KEYS: the hashes. ARGV: 1 timestamp field, 2.. the other fields. A hash in which no view has a timestamp any more goes as a whole:
 * what is left in it are features that the view once had. Answers how many hashes held a row of the view.
 */
export const REMOVE_SCRIPT = defineScript(`
local removed = 0
for k = 1, #KEYS do
  if redis.call('HEXISTS', KEYS[k], ARGV[1]) == 1 then
    removed = removed + 1
    redis.call('HDEL', KEYS[k], unpack(ARGV))
    local others = false
    for _, field in ipairs(redis.call('HKEYS', KEYS[k])) do others = others or string.sub(field, 1, 4) == '_ts:' end
    if not others then redis.call('UNLINK', KEYS[k]) end
  end
end
return removed
`);
