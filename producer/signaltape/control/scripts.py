"""What changes the hash of control, in one step of the server each: an epoch grows, whatever happens beside it.

A hash that cannot be read counts as none; a key that is no hash gives way to one.
"""

from __future__ import annotations

from signaltape.control.state import MOST_EPOCH

_READING = f"""
local function number(text)
    if text and #text <= 16 and string.find(text, '^[1-9]%d*$') and tonumber(text) <= {MOST_EPOCH} then
        return tonumber(text)
    end
    return 0
end
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
local state, epoch = redis.call('HGET', KEYS[1], 'state'), number(redis.call('HGET', KEYS[1], 'epoch'))
if state ~= 'running' and state ~= 'paused' then epoch = 0 end
"""
_WRITING = """
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'by', ARGV[2], 'why', ARGV[3], 'epoch', written, 'at_ms', at_ms)
"""
#: KEYS: control. ARGV: state, by, why, an epoch that is known elsewhere. Answers the new epoch and its time.
SAY = f"""{_READING}
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local next = math.max(epoch + 1, number(ARGV[4]) + 1, now_ms)
if next > {MOST_EPOCH} then return {{err = 'ERR the epoch of control cannot grow any more'}} end
local written, at_ms = string.format('%.0f', next), string.format('%.0f', now_ms)
{_WRITING}
return {{written, at_ms}}
"""
#: KEYS: control. ARGV: state, by, why, epoch, at_ms, and state and epoch of what it has to take the place of, if of
#: nothing else. Answers 1 if this was the newer word, and stands there now.
SAY_AGAIN = f"""{_READING}
local given, written, at_ms = number(ARGV[4]), ARGV[4], ARGV[5]
if epoch > given or (epoch == given and (state == 'paused' or state == ARGV[1])) then return 0 end
if ARGV[6] and (state ~= ARGV[6] or epoch ~= number(ARGV[7])) then return 0 end
{_WRITING}
return 1
"""
