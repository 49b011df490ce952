import { defineScript } from './script.ts';
import { TIMESTAMP_FUNCTIONS } from './script-timestamps.ts';

/**
 * Writes rows of one feature view, each only when it is newer than what is there. Redis runs a script alone, so that the comparison and the write are one step
 * whoever else writes. docs/adr/0007-newer-wins.md says which row is newer; docs/online-layout.md says what the fields hold.
 *
 * KEYS: the rows' hashes. ARGV: 1 timestamp field, 2 created field, 3 seconds that a key lives or -1, 4 the view's ttl in seconds or -1, 5 the rows, 6.. the
 * feature fields. A row is its length, then parts with their lengths before them: event timestamp, created message or nothing, one value per feature field.
 * Lengths are 32 bits, least significant byte first. Answers how many rows were written.
 */
export const WRITE_SCRIPT = defineScript(`
local timestamp_field, created_field = ARGV[1], ARGV[2]
local key_seconds, view_ttl = ARGV[3], tonumber(ARGV[4])
local expires = tonumber(key_seconds) >= 0
local rows = ARGV[5]
local features = #ARGV - 5
local values_format = '<' .. string.rep('I4c0', features)
local now = tonumber(redis.call('TIME')[1])
local call, unpack_bytes = redis.call, struct.unpack

${TIMESTAMP_FUNCTIONS}
-- Of two rows with one event timestamp: whether the new one is known later. A stored created message counts only while it belongs to the stored timestamp.
local function created_later(key, stored, created)
  if created == '' then return false end
  local head = string.char(10, #stored) .. stored
  local there = call('HGET', key, created_field)
  if there == created then return false end
  if not there or string.sub(there, 1, #head) ~= head then return true end
  return compare(created, string.byte(created, 2) + 5, there, #head + 3) > 0
end

local names_and_values = {timestamp_field, '', created_field, ''}
for i = 1, features do names_and_values[2 * i + 3] = ARGV[i + 5] end
local last = 2 * features + 4

local at, written = 1, 0
for k = 1, #KEYS do
  local key = KEYS[k]
  local length, newest, created, values_at = unpack_bytes('<I4I4c0I4c0', rows, at)
  at = at + 4 + length
  local stored = call('HGET', key, timestamp_field)
  local is_new_key = not stored and call('EXISTS', key) == 0
  local order = not stored and 1 or stored == newest and 0 or compare(newest, 1, stored, 1)
  if order > 0 or (order == 0 and created_later(key, stored, created)) then
    names_and_values[2] = newest
    local values = {unpack_bytes(values_format, rows, values_at)}
    for i = 1, features do names_and_values[2 * i + 4] = values[i] end
    local first = 1
    if created == '' then
      first = 3
      names_and_values[3] = timestamp_field
      names_and_values[4] = newest
    else
      names_and_values[3] = created_field
      names_and_values[4] = created
    end
    call('HSET', key, unpack(names_and_values, first, last))
    written = written + 1
  else
    newest = stored
  end
  if is_new_key then
    if expires then call('EXPIRE', key, key_seconds) end
  elseif view_ttl < 0 or timestamp(newest, 1) + view_ttl >= now then
    if expires then call('EXPIRE', key, key_seconds, 'GT') else call('PERSIST', key) end
  end
end
return written
`);
