"""Steps that must happen in one: Lua that Redis runs without letting anything in between."""

from __future__ import annotations

#: Delete a consumer only while nothing is pending for it: a deleted consumer takes its pending entries along.
#: KEYS: stream. ARGV: group, consumer, least idle time in ms. Returns what was deleted, or nil.
DELETE_IDLE_CONSUMER = """
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    if consumer[2] == ARGV[2] and consumer[4] == 0 and consumer[6] >= tonumber(ARGV[3]) then
        return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    end
end
return nil
"""

#: Count vanished entries; returns how many were not counted, as Redis has no memory for it.
_COUNT = """
local function count(key, group, number)
    if number == 0 then return 0 end
    local answer = redis.pcall('HINCRBY', key, group, number)
    if type(answer) == 'table' and answer.err then return number end
    return 0
end
"""

#: Give a consumer once more what it holds, in one step with the look whether it still does: no delivery is counted.
#: What is not in the stream any more is dropped by XCLAIM, and counted here.
#: KEYS: stream, count of vanished entries. ARGV: group, consumer, least idle time in ms, then options of XCLAIM, JUSTID
#: among them. Returns how many vanished, the first of them, and how many of them could not be counted.
HOLD_AGAIN = (
    _COUNT
    + """
local start, gone, first = '-', 0, ''
while true do
    local held = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], start, '+', 1000, ARGV[2])
    if #held == 0 then break end
    local claim = {'XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0}
    for _, one in ipairs(held) do claim[#claim + 1] = one[1] end
    for i = 4, #ARGV do claim[#claim + 1] = ARGV[i] end
    local kept = redis.call(unpack(claim))
    if #kept < #held then
        for i, one in ipairs(held) do
            if first == '' and kept[i] ~= one[1] then first = one[1] end
        end
        gone = gone + #held - #kept
    end
    start = '(' .. held[#held][1]
end
return {gone, first, count(KEYS[2], ARGV[1], gone)}
"""
)

#: Acknowledge entries that are not in the stream any more, and count those that were still pending.
#: KEYS: stream, count of vanished entries. ARGV: group, then ids. Returns how many there were, and how many of them
#: could not be counted.
STRIKE_OUT = (
    _COUNT
    + """
local gone = redis.call('XACK', KEYS[1], unpack(ARGV))
return {gone, count(KEYS[2], ARGV[1], gone)}
"""
)

#: Trim a stream below an id, but never an entry that some group has pending or was not given yet.
#: KEYS: stream. ARGV: the id of the retention age. Returns how many entries went.
#: A stream that no group reads is left alone.
TRIM_BELOW_EVERY_GROUP = """
local function parts(id)
    local left, right = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(left), tonumber(right)
end
local function before(a, b)
    local a1, a2 = parts(a)
    local b1, b2 = parts(b)
    return a1 < b1 or (a1 == b1 and a2 < b2)
end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
if #groups == 0 then return 0 end
local lowest = ARGV[1]
for _, group in ipairs(groups) do
    local name, delivered
    for i = 1, #group, 2 do
        if group[i] == 'name' then name = group[i + 1] end
        if group[i] == 'last-delivered-id' then delivered = group[i + 1] end
    end
    if before(delivered, lowest) then lowest = delivered end
    local pending = redis.call('XPENDING', KEYS[1], name)
    if pending[1] > 0 and before(pending[2], lowest) then lowest = pending[2] end
end
return redis.call('XTRIM', KEYS[1], 'MINID', '=', lowest)
"""
