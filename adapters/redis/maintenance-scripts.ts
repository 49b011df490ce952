import { defineScript } from './script.ts';
import { TIMESTAMP_FUNCTIONS } from './script-timestamps.ts';

/**
 * Renews the expiry of hashes that hold a value of a view which is recent enough. KEYS: the hashes. ARGV: 1 timestamp field, 2 seconds that a key lives or -1 (no end),
 * 3 milliseconds left from which on a lifetime is not renewed, 4 the oldest event timestamp that is recent enough (serialized); left out: any is. Answers how many lifetimes
 * were renewed. None is shortened. Most keys have time enough: that is asked first.
 */
export const RENEW_SCRIPT = defineScript(`
${TIMESTAMP_FUNCTIONS}
local call, timestamp_field, seconds, enough, oldest = redis.call, ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local expires = tonumber(seconds) >= 0
local renewed = 0
for k = 1, #KEYS do
  local key = KEYS[k]
  local left = call('PTTL', key)
  if left >= 0 and (not expires or left < enough) then
    local stored = call('HGET', key, timestamp_field)
    if stored and (not oldest or compare(stored, 1, oldest, 1) >= 0) then
      if expires then call('EXPIRE', key, seconds) else call('PERSIST', key) end
      renewed = renewed + 1
    end
  end
end
return renewed
`);

/**
 * Removes a view's fields from hashes. KEYS: the hashes. ARGV: 1 how many fields, 2 timestamp field, 3 field of the created message, then the other fields; then either nothing, or for
 * each hash the token of the row that is to go (row-version.ts): one that holds another row stays as it is. A hash in which no view has a timestamp any more goes as a whole: what is left
 * in it are features that the view once had. Answers from how many hashes a row of the view went.
 */
export const REMOVE_SCRIPT = defineScript(`
local call, count = redis.call, tonumber(ARGV[1])
local timestamp_field, created_field = ARGV[2], ARGV[3]
local removed = 0
for k = 1, #KEYS do
  local row = call('HMGET', KEYS[k], timestamp_field, created_field)
  local event, token = row[1], ARGV[count + 1 + k]
  if event and (not token or token == string.char(#event) .. event .. (row[2] or '')) then
    removed = removed + 1
    call('HDEL', KEYS[k], unpack(ARGV, 2, count + 1))
    local others = false
    for _, field in ipairs(call('HKEYS', KEYS[k])) do others = others or string.sub(field, 1, 4) == '_ts:' end
    if not others then call('UNLINK', KEYS[k]) end
  end
end
return removed
`);
