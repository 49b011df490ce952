/** Lua functions that read and compare serialized timestamps: the beginning of every script that decides by time. */
export const TIMESTAMP_FUNCTIONS = `
local byte = string.byte

-- A protobuf varint: its value, and where the next byte is. Ten bytes are a negative number in two's complement: its magnitude is read from the
-- inverted bits, since a Lua number (a double) holds no 64 bits.
local function varint(bytes, at)
  local value, inverted, scale = 0, 0, 1
  for i = at, at + 8 do
    local b = byte(bytes, i)
    if not b then error('a stored timestamp ends in the middle of a number') end
    if b < 128 then return value + b * scale, i + 1 end
    value = value + (b - 128) * scale
    inverted = inverted + (255 - b) * scale
    scale = scale * 128
  end
  return -inverted - 1, at + 10
end

-- A google.protobuf.Timestamp from byte 'at' on: seconds, nanoseconds.
local function timestamp(bytes, at)
  local seconds, nanos = 0, 0
  while at <= #bytes do
    local tag = byte(bytes, at)
    if tag == 8 then seconds, at = varint(bytes, at + 1)
    elseif tag == 16 then nanos, at = varint(bytes, at + 1)
    else error('a stored timestamp has an unknown field') end
  end
  return seconds, nanos
end

-- Whether timestamp a is later than b: 1, earlier: -1, equal: 0.
local function compare(a, a_at, b, b_at)
  local a_seconds, a_nanos = timestamp(a, a_at)
  local b_seconds, b_nanos = timestamp(b, b_at)
  if a_seconds ~= b_seconds then return a_seconds > b_seconds and 1 or -1 end
  if a_nanos ~= b_nanos then return a_nanos > b_nanos and 1 or -1 end
  return 0
end
`;
