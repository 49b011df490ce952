import { defineScript } from './script.ts';

/** The keys of the ledger, in the order in which every script gets them. */
export const LEDGER_KEYS = ['events', 'contents', 'recorded', 'locks', 'held', 'leases', 'plans', 'done', 'notes', 'counts', 'due', 'later', 'claims', 'waiting', 'refused'] as const;

/**
 * Of the keys: `events` digest -> latest, created timestamp. `contents` digest -> created timestamp. `recorded` when which of these was written. `locks` event -> token. `held` token -> its events. `leases`
 * token -> end. `plans` token -> plan. `done` confirmed tokens, for an hour. `notes` id -> body. `counts` id -> rows. `due`, `later` id -> when. `claims` id -> end. `waiting` rows of all notes.
 * Numbers travel as doubles, least significant byte first; instants are microseconds by the server's clock.
 */
const BEGINNING = `
local events, contents, recorded, locks, held, leases, plans, done = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local notes, counts, due, later, claims, waiting, refused = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local call = redis.call
local time = call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local function text(number) return string.format('%.0f', number) end

-- In turns, since a call takes some thousand arguments at most.
local function each_part(list, take)
  for first = 1, #list, 1000 do take(unpack(list, first, math.min(first + 999, #list))) end
end

local function digests(bytes)
  local list = {}
  for at = 1, #bytes, 16 do list[#list + 1] = string.sub(bytes, at, at + 15) end
  return list
end

local function lookup(key, fields)
  local found = {}
  each_part(fields, function(...)
    for _, value in ipairs(call('HMGET', key, ...)) do found[#found + 1] = value end
  end)
  return found
end

-- Gives back what the token holds, except what another one has taken since.
local function release(token)
  local own = digests(call('HGET', held, token) or '')
  local free = {}
  for index, holder in ipairs(lookup(locks, own)) do
    if holder == token then free[#free + 1] = own[index] end
  end
  each_part(free, function(...) call('HDEL', locks, ...) end)
  call('HDEL', held, token)
  call('HDEL', plans, token)
  call('ZREM', leases, token)
end

local function remove_note(id)
  call('HDEL', notes, id)
  call('DECRBY', waiting, call('HGET', counts, id) or 0)
  call('HDEL', counts, id)
  call('ZREM', due, id)
  call('ZREM', later, id)
  call('ZREM', claims, id)
end
`;

const ledgerScript = (body: string): ReturnType<typeof defineScript> => defineScript(BEGINNING + body);

/** ARGV: token, microseconds of the lease, events, contents. Answers nothing where an event is locked; else what is known of each. */
export const LOCK = ledgerScript(`
local token, own, asked = ARGV[1], digests(ARGV[3]), digests(ARGV[4])
for _, holder in ipairs(lookup(locks, own)) do
  if holder then return false end
end
local pairs_of = {}
for index, event in ipairs(own) do pairs_of[2 * index - 1], pairs_of[2 * index] = event, token end
each_part(pairs_of, function(...) call('HSET', locks, ...) end)
call('HSET', held, token, ARGV[3])
call('ZADD', leases, text(now + ARGV[2]), token)
return {lookup(events, own), lookup(contents, asked)}
`);

/** ARGV: token, microseconds of the lease, plan. Answers 1, or 0 where the lease has ended. */
export const PLAN = ledgerScript(`
local lease = call('ZSCORE', leases, ARGV[1])
if not lease or tonumber(lease) < now then return 0 end
call('HSET', plans, ARGV[1], ARGV[3])
call('ZADD', leases, text(now + ARGV[2]), ARGV[1])
return 1
`);

/** ARGV: token, events (digest, latest, created timestamp), contents (digest, created timestamp), then per note id, rows, instant or '', body. Answers 1, or 0 where it was done before. */
export const CONFIRM = ledgerScript(`
local token, said, known = ARGV[1], ARGV[2], ARGV[3]
if call('ZSCORE', done, token) then return 0 end
local names, values = {}, {}
for at = 1, #said, 40 do
  names[#names + 1], values[#values + 1] = string.sub(said, at, at + 15), string.sub(said, at + 16, at + 39)
end
local changed, times = {}, {}
for index, there in ipairs(lookup(events, names)) do
  if not there or struct.unpack('<d', there, 17) <= struct.unpack('<d', values[index], 17) then
    changed[#changed + 1], changed[#changed + 2] = names[index], values[index]
    times[#times + 1], times[#times + 2] = text(now), 'e' .. names[index]
  end
end
each_part(changed, function(...) call('HSET', events, ...) end)
local added = {}
for at = 1, #known, 24 do
  local name = string.sub(known, at, at + 15)
  added[#added + 1], added[#added + 2] = name, string.sub(known, at + 16, at + 23)
  times[#times + 1], times[#times + 2] = text(now), 'c' .. name
end
each_part(added, function(...) call('HSET', contents, ...) end)
each_part(times, function(...) call('ZADD', recorded, ...) end)
for at = 4, #ARGV, 4 do
  local id, rows, instant = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if call('HSETNX', notes, id, ARGV[at + 3]) == 1 then
    call('HSET', counts, id, rows)
    call('INCRBY', waiting, rows)
    if instant == '' then call('ZADD', due, text(now), id) else call('ZADD', later, instant, id) end
  end
end
release(token)
call('ZADD', done, text(now), token)
call('ZREMRANGEBYSCORE', done, '-inf', text(now - 3600000000))
return 1
`);

/** ARGV: token. */
export const ABANDON = ledgerScript(`
release(ARGV[1])
return 1
`);

/** ARGV: microseconds of the lease, how many. Answers token, plan or nothing, of each. */
export const TAKE_STALE = ledgerScript(`
local taken = {}
for _, token in ipairs(call('ZRANGEBYSCORE', leases, '-inf', text(now), 'LIMIT', 0, ARGV[2])) do
  call('ZADD', leases, text(now + ARGV[1]), token)
  taken[#taken + 1], taken[#taken + 2] = token, call('HGET', plans, token)
end
return taken
`);

/** ARGV: microseconds of the claim, microseconds that a note is old at least, how many. Answers id, body, of each. */
export const TAKE_DUE = ledgerScript(`
local most = tonumber(ARGV[3])
local found = {}
local function look(key, until_then)
  local list = call('ZRANGEBYSCORE', key, '-inf', text(until_then), 'WITHSCORES', 'LIMIT', 0, 50 * most)
  for at = 1, #list, 2 do
    local claimed = call('ZSCORE', claims, list[at])
    if not claimed or tonumber(claimed) < now then found[#found + 1] = {tonumber(list[at + 1]), list[at]} end
  end
end
look(due, now - ARGV[2])
look(later, now)
table.sort(found, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
local taken = {}
for index = 1, math.min(most, #found) do
  local id = found[index][2]
  call('ZADD', claims, text(now + ARGV[1]), id)
  taken[#taken + 1], taken[#taken + 2] = id, call('HGET', notes, id)
end
return taken
`);

/** ARGV: ids. */
export const GIVE_BACK = ledgerScript(`
each_part(ARGV, function(...) call('ZREM', claims, ...) end)
return 1
`);

/** ARGV: ids. */
export const SETTLE = ledgerScript(`
for _, id in ipairs(ARGV) do remove_note(id) end
return 1
`);

/** ARGV: id, reason. */
export const SET_ASIDE = ledgerScript(`
local body = call('HGET', notes, ARGV[1])
if body then call('HSET', refused, ARGV[1], cjson.encode({reason = ARGV[2], note = body})) end
remove_note(ARGV[1])
return 1
`);

/** ARGV: microseconds of the instant, how many. Answers how many were forgotten. */
export const FORGET = ledgerScript(`
local old = call('ZRANGEBYSCORE', recorded, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, member in ipairs(old) do
  call('HDEL', string.sub(member, 1, 1) == 'e' and events or contents, string.sub(member, 2))
  call('ZREM', recorded, member)
end
return #old
`);

export const WAITING = ledgerScript(`
return tonumber(call('GET', waiting) or 0)
`);
