import { defineScript } from './script.ts';
import { TIMESTAMP_FUNCTIONS } from './script-timestamps.ts';

/**
 * Writes rows of one feature view, each only when it is newer than what is there, or equal to it and written with other features. Redis runs a script
 * alone, so that the comparison and the write are one step whoever else writes. docs/adr/0007-newer-wins.md says which row is newer; docs/online-layout.md says what the fields hold.
 *
 * KEYS: the rows' hashes. ARGV: 1 timestamp field, 2 field of the created message, 3 seconds that a key lives or -1, 4 milliseconds left from which on a lifetime is not
 * renewed, 5 the view's ttl in seconds or -1, 6 the rows, 7.. the feature fields. A row is its length, then parts with their lengths before them: event timestamp, created
 * message, one value per feature field. Lengths are 32 bits, least significant byte first. Answers how many rows were written.
 */
export const WRITE_SCRIPT = defineScript(`
local timestamp_field, created_field = ARGV[1], ARGV[2]
local key_seconds, enough, view_ttl = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local expires = tonumber(key_seconds) >= 0
local rows = ARGV[6]
local features = #ARGV - 6
local values_format = '<' .. string.rep('I4c0', features)
local time = redis.call('TIME')
local now = tonumber(time[1])
-- As milliseconds since 1970, which is what Redis keeps: seconds from now it would turn into that, for each key anew.
local expires_at = string.format('%.0f', (now + tonumber(key_seconds)) * 1000 + math.floor(tonumber(time[2]) / 1000))
local call, unpack_bytes = redis.call, struct.unpack

${TIMESTAMP_FUNCTIONS}
-- What a created message says: the created timestamp (nil: unknown), and the mark of the features. Nothing counts of a message that belongs to another event timestamp.
local function parts_of(message, event)
  local at = #event + 3
  if string.sub(message, 1, at - 1) ~= string.char(10, #event) .. event then return nil, '' end
  local created
  if byte(message, at) == 18 then
    local last = at + 1 + byte(message, at + 1)
    created, at = string.sub(message, at + 2, last), last + 1
  end
  return created, string.sub(message, at)
end

-- Of two rows with one event timestamp: whether the one with message a is to replace the one with message b.
local function replaces(event, a, b)
  if a == b then return false end
  local a_created, a_mark = parts_of(a, event)
  local b_created, b_mark = parts_of(b or '', event)
  if a_created == b_created then return a_mark ~= b_mark end
  return a_created and (not b_created or compare(a_created, 1, b_created, 1) > 0)
end

local names_and_values = {timestamp_field, '', created_field, ''}
for i = 1, features do names_and_values[2 * i + 3] = ARGV[i + 6] end

-- One question for all keys spares two for each, when none is there.
local all_new = #KEYS > 1 and call('EXISTS', unpack(KEYS)) == 0
local touched = {}

local next_row, written = 1, 0
for k = 1, #KEYS do
  local key = KEYS[k]
  local length, event, created, at = unpack_bytes('<I4I4c0I4c0', rows, next_row)
  next_row = next_row + 4 + length
  local stored, there, left = false, false, -2
  if not all_new or touched[key] then
    local fields = call('HMGET', key, timestamp_field, created_field)
    stored, there = fields[1], fields[2]
    left = call('PTTL', key)
  end
  local order = not stored and 1 or stored == event and 0 or compare(event, 1, stored, 1)
  if order > 0 or (order == 0 and replaces(event, created, there)) then
    names_and_values[2], names_and_values[4] = event, created
    local values = {unpack_bytes(values_format, rows, at)}
    for i = 1, features do names_and_values[2 * i + 4] = values[i] end
    call('HSET', key, unpack(names_and_values))
    stored = event
    written = written + 1
    touched[key] = all_new
  end
  if left == -2 then
    if expires then call('PEXPIREAT', key, expires_at) end
  elseif left >= 0 and (not expires or left < enough) and (view_ttl < 0 or timestamp(stored, 1) + view_ttl >= now) then
    if expires then call('PEXPIREAT', key, expires_at) else call('PERSIST', key) end
  end
end
return written
`);
