import { defineScript } from '../script.ts';

/** Instants are texts of one form, whose order is that of time (domain/instant.ts): scripts compare them as they are. */
const LIFETIME_FUNCTIONS = `
-- Milliseconds that a row's keys shall live from now on, -1: for ever, nil: as long as they do. None is shortened.
local function lifetime(left, key_seconds, enough)
  if left == -2 then return key_seconds < 0 and -1 or key_seconds * 1000 end
  if left >= 0 and key_seconds < 0 then return -1 end
  return left >= 0 and left < enough and key_seconds * 1000 or nil
end

local function live(from, to, milliseconds)
  for k = from, to do
    if milliseconds < 0 then redis.call('PERSIST', KEYS[k]) else redis.call('PEXPIRE', KEYS[k], milliseconds) end
  end
end
`;

/**
 * Writes rows, each only when it is newer than what is there, or equal to it and written with other features (docs/adr/0007-newer-wins.md). KEYS: per row event timestamp,
 * created timestamp, mark of the features, one per feature. ARGV: 1 features per row, 2 seconds that a key lives or -1, 3 milliseconds left from which on a lifetime is not renewed,
 * 4 the oldest event timestamp within the view's ttl or nothing (all are), 5 the mark of the features, then per row: event timestamp, created timestamp or nothing, and per feature
 * `=` and its text, or nothing where it is null. Answers how many rows were written.
 */
export const READABLE_WRITE_SCRIPT = defineScript(`
${LIFETIME_FUNCTIONS}
local call = redis.call
local features, key_seconds, enough, oldest, mark = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local width = features + 3
local written = 0
for row = 0, #KEYS / width - 1 do
  local first, arg = row * width + 1, row * (features + 2) + 6
  local event, created = ARGV[arg], ARGV[arg + 1]
  local there = call('MGET', KEYS[first], KEYS[first + 1], KEYS[first + 2])
  local stored, known = there[1], there[2] or ''
  local left = call('PTTL', KEYS[first])
  local newer = not stored or event > stored
  if stored == event then newer = created > known or (created == known and there[3] ~= mark) end
  if newer then
    call('SET', KEYS[first], event)
    if created == '' then call('DEL', KEYS[first + 1]) else call('SET', KEYS[first + 1], created) end
    call('SET', KEYS[first + 2], mark)
    for i = 1, features do
      local text = ARGV[arg + 1 + i]
      if text == '' then call('DEL', KEYS[first + 2 + i]) else call('SET', KEYS[first + 2 + i], string.sub(text, 2)) end
    end
    stored = event
    written = written + 1
  end
  local milliseconds = (left == -2 or stored >= oldest) and lifetime(left, key_seconds, enough) or nil
  -- SET takes a key's lifetime from it: what is written gets the row's.
  if not milliseconds and newer then milliseconds = left end
  if milliseconds then live(first, first + width - 1, milliseconds) end
end
return written
`);

/**
 * Renews rows. KEYS: as for writing. ARGV: 1 keys per row, 2 seconds that a key lives or -1, 3 milliseconds left from which on a lifetime is not renewed, 4 the oldest event timestamp
 * that is recent enough, or nothing. Answers how many lifetimes were renewed.
 */
export const READABLE_RENEW_SCRIPT = defineScript(`
${LIFETIME_FUNCTIONS}
local width, key_seconds, enough, oldest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local renewed = 0
for first = 1, #KEYS, width do
  local left = redis.call('PTTL', KEYS[first])
  local milliseconds = left ~= -2 and lifetime(left, key_seconds, enough)
  if milliseconds and (redis.call('GET', KEYS[first]) or '') >= oldest then
    live(first, first + width - 1, milliseconds)
    renewed = renewed + 1
  end
end
return renewed
`);

/** Removes one row. KEYS: as for writing, and further keys that belong to it. ARGV: nothing, or the token of the row that is to go: another one stays. Answers whether a row went. */
export const READABLE_REMOVE_SCRIPT = defineScript(`
local there = redis.call('MGET', KEYS[1], KEYS[2], KEYS[3])
if ARGV[1] and ARGV[1] ~= (there[1] or '') .. ' ' .. (there[2] or '') .. ' ' .. (there[3] or '') then return 0 end
redis.call('UNLINK', unpack(KEYS))
return there[1] and 1 or 0
`);
