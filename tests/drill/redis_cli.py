"""`redis-cli` where there is none: `-u URL`, then `--scan --pattern P` or a command; its answer a line a part."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import redis


def main() -> int:
    _, option, url, *command = sys.argv
    if option != "-u":
        sys.stderr.write("redis-cli of the drill takes -u URL COMMAND\n")
        return 2
    with redis.Redis.from_url(url, protocol=2, decode_responses=True) as client:
        client.response_callbacks.clear()  # as the server says it
        answer = _scan(client, *command[1:]) if command[0] == "--scan" else client.execute_command(*command)
        for line in _lines(answer):
            sys.stdout.write(f"{line}\n")
    return 0


def _scan(client: Any, option: str, pattern: str) -> list[str]:
    """All keys of a pattern, as `--scan --pattern` lists them."""
    assert option == "--pattern"
    found, cursor = [], "0"
    while True:
        cursor, keys = client.execute_command("SCAN", cursor, "MATCH", pattern)
        found += keys
        if cursor == "0":
            return found


def _lines(answer: Any) -> Iterator[str]:
    if isinstance(answer, list):
        for one in answer:
            yield from _lines(one)
    else:
        yield str(answer).rstrip()


if __name__ == "__main__":
    sys.exit(main())
