"""EVAL: the product's own Lua, run by a real Lua 5.1."""

from __future__ import annotations

import re
from hashlib import sha1
from typing import Any

from lupa import lua51  # type: ignore[import-untyped]

from tests.simulation.redis.command import Call, Function, command, integer
from tests.simulation.redis.errors import CommandError, err, shown
from tests.simulation.redis.resp import NULL_ARRAY, Reply, Status

#: What a script sees: the safe part of Lua, and no globals of its own. Each runs under `pcall` of Lua, whose answer
#: tells an error of Lua from the reply.
_PRELUDE = b"""
local call, pcall_, sha = ...
local base = {
    assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall, select = select,
    tonumber = tonumber, tostring = tostring, type = type, unpack = unpack, math = math, string = string, table = table,
    redis = {call = call, pcall = pcall_, sha1hex = sha},
}
local environment = setmetatable({}, {
    __index = function(_, name)
        if base[name] ~= nil then return base[name] end
        error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
    end,
    __newindex = function() error('Attempt to modify a readonly table', 2) end,
})
local function compile(code)
    local script, complaint = loadstring(code, '@user_script')
    if not script then return complaint end
    return setfenv(script, environment)
end
local function run(script, keys, argv)
    base.KEYS, base.ARGV = keys, argv
    return script()
end
local function line()
    return debug.getinfo(3, 'l').currentline
end
return compile, run, line
"""
_NO_SCRIPT = "NOSCRIPT No matching script."
_LINE = re.compile(r"user_script:(\d+)")


class Scripts:
    """The scripts that a server knows, and the Lua that runs them.

    execute: carries out a command that a script calls.
    """

    def __init__(self, execute: Function) -> None:
        self._carry_out = execute
        self._lua = lua51.LuaRuntime(
            encoding=None, unpack_returned_tuples=True, register_eval=False, register_builtins=False
        )
        prelude: Any = self._lua.compile(_PRELUDE)
        self._compile, self._run, self._line = prelude(self._call, self._protected_call, _sha)
        self._known: dict[bytes, Any] = {}
        self._under_way: Call | None = None
        #: whether the script under way has called a command that writes
        self.wrote = False

    def load(self, code: bytes) -> bytes:
        """Know a script by the sum of its code."""
        name = _sha(code)
        if name not in self._known:
            compiled = self._compile(code)
            if isinstance(compiled, bytes):
                raise err(f"Error compiling script (new function): {shown(compiled)}")
            self._known[name] = compiled
        return name

    def run(self, call: Call, name: bytes, keys: list[bytes], arguments: list[bytes]) -> Reply:
        """Run a script that is known."""
        script = self._known.get(name.lower())
        if script is None:
            raise CommandError(_NO_SCRIPT)
        self._under_way, self.wrote = call, False
        try:
            answer = self._run(script, self._lua.table_from(keys), self._lua.table_from(arguments))
            return self._to_reply(answer)
        except lua51.LuaError as error:
            text = str(error).partition("\n")[0]
            line = _LINE.search(text)
            raise _in_script(f"ERR {text}", int(line[1]) if line else 0) from None
        finally:
            self._under_way = None

    def _call(self, *words: Any) -> Any:
        try:
            return self._to_lua(self._execute(words))
        except CommandError as error:
            raise _in_script(error.text, self._line()) from None

    def _protected_call(self, *words: Any) -> Any:
        try:
            return self._to_lua(self._execute(words))
        except CommandError as error:
            return self._lua.table_from({b"err": error.text.encode("latin-1")})

    def _execute(self, words: tuple[Any, ...]) -> Reply:
        assert self._under_way is not None
        return self._carry_out(self._under_way, [_word(word) for word in words])

    def _to_lua(self, reply: Reply) -> Any:
        if reply is None or reply is NULL_ARRAY:
            return False
        if isinstance(reply, Status):
            return self._lua.table_from({b"ok": bytes(reply)})
        if isinstance(reply, list):
            return self._lua.table_from([self._to_lua(part) for part in reply])
        return reply

    def _to_reply(self, value: Any) -> Reply:
        if value is None or value is False:
            return None
        if value is True:
            return 1
        if isinstance(value, float):
            return int(value)
        if isinstance(value, int | bytes):
            return value
        if lua51.lua_type(value) != "table":
            return None
        if isinstance(value[b"err"], bytes):
            return CommandError(shown(value[b"err"]))
        if isinstance(value[b"ok"], bytes):
            return Status(value[b"ok"])
        parts: list[Reply] = []
        while (part := value[len(parts) + 1]) is not None:
            parts.append(self._to_reply(part))
        return parts


@command("eval", -3, no_script=True)
def eval_(call: Call, argv: list[bytes]) -> Reply:
    """EVAL script number-of-keys key … argument …"""
    keys, arguments = _split(argv)
    return call.server.scripts.run(call, call.server.scripts.load(argv[1]), keys, arguments)


@command("evalsha", -3, no_script=True)
def evalsha(call: Call, argv: list[bytes]) -> Reply:
    """EVALSHA sum number-of-keys key … argument …"""
    if len(argv[1]) != 40:
        raise CommandError(_NO_SCRIPT)
    return call.server.scripts.run(call, argv[1], *_split(argv))


@command("script|load", 3, no_script=True)
def script_load(call: Call, argv: list[bytes]) -> Reply:
    """SCRIPT LOAD script"""
    return call.server.scripts.load(argv[2])


def _split(argv: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    number = integer(argv[2])
    if number > len(argv) - 3:
        raise err("Number of keys can't be greater than number of args")
    if number < 0:
        raise err("Number of keys can't be negative")
    return argv[3 : 3 + number], argv[3 + number :]


def _in_script(text: str, line: int) -> CommandError:
    return CommandError(f"{text} script: on @user_script:{line}.")


def _sha(code: bytes) -> bytes:
    return sha1(code, usedforsecurity=False).hexdigest().encode()


def _word(value: Any) -> bytes:
    """A value of Lua as a word of a command."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CommandError("ERR Command arguments must be strings or integers")
    if isinstance(value, int) and abs(value) < 2**63:
        return b"%d" % value
    return repr(float(value)).encode()
