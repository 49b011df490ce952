import { defineScript } from '../script.ts';

/** Instants are texts of one form, whose order is that of time (domain/instant.ts): scripts compare them as they are. */
const LIFETIME_FUNCTIONS = `
-- Milliseconds that a row's keys shall live from now on, or -1: a lifetime is renewed where the value is recent enough, and never shortened.
local function lifetime(left, recent, key_seconds)
  if left == -1 or (recent and key_seconds < 0) then return -1 end
  return recent and math.max(left, key_seconds * 1000) or left
end

local function live(from, to, milliseconds)
  for k = from, to do
    if milliseconds < 0 then redis.call('PERSIST', KEYS[k]) else redis.call('PEXPIRE', KEYS[k], milliseconds) end
  end
end
`;

/**
 * Writes rows, each only when it is newer than what is there (docs/adr/0007-newer-wins.md). KEYS: per row event timestamp, created timestamp, one per feature.
 * ARGV: 1 features per row, 2 seconds that a key lives or -1, 3 the oldest event timestamp within the view's ttl or nothing (all are), then per row: event timestamp,
 * created timestamp or nothing, and per feature `=` and its text, or nothing where it is null. Answers how many rows were written.
 */
export const READABLE_WRITE_SCRIPT = defineScript(`
${LIFETIME_FUNCTIONS}
local call = redis.call
local features, key_seconds, oldest = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local width = features + 2
local written = 0
for row = 0, #KEYS / width - 1 do
  local first, arg = row * width + 1, row * width + 4
  local event, created = ARGV[arg], ARGV[arg + 1]
  local stored = call('GET', KEYS[first])
  local left = stored and call('PTTL', KEYS[first])
  local newer = not stored or event > stored
  if stored == event and created ~= '' then
    local known = call('GET', KEYS[first + 1])
    newer = not known or created > known
  end
  if newer then
    call('SET', KEYS[first], event)
    if created == '' then call('DEL', KEYS[first + 1]) else call('SET', KEYS[first + 1], created) end
    for i = 2, width - 1 do
      local text = ARGV[arg + i]
      if text == '' then call('DEL', KEYS[first + i]) else call('SET', KEYS[first + i], string.sub(text, 2)) end
    end
    stored = event
    written = written + 1
  end
  if left then left = lifetime(left, stored >= oldest, key_seconds) else left = key_seconds < 0 and -1 or key_seconds * 1000 end
  live(first, first + width - 1, left)
end
return written
`);

/** Renews rows. KEYS: as for writing. ARGV: 1 keys per row, 2 seconds that a key lives or -1, 3 the oldest event timestamp that is recent enough, or nothing. Answers how many rows are. */
export const READABLE_RENEW_SCRIPT = defineScript(`
${LIFETIME_FUNCTIONS}
local width, key_seconds, oldest = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local renewed = 0
for first = 1, #KEYS, width do
  local stored = redis.call('GET', KEYS[first])
  if stored and stored >= oldest then
    live(first, first + width - 1, lifetime(redis.call('PTTL', KEYS[first]), true, key_seconds))
    renewed = renewed + 1
  end
end
return renewed
`);

/** Removes one row. KEYS: as for writing, and further keys that belong to it. Answers whether there was an event timestamp. */
export const READABLE_REMOVE_SCRIPT = defineScript(`
local there = redis.call('EXISTS', KEYS[1])
redis.call('UNLINK', unpack(KEYS))
return there
`);
