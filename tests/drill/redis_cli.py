"""`redis-cli` where there is none: `-u URL`, `-n` of nothing else, one command, its answer a line for each part."""

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
        for line in _lines(client.execute_command(*command)):
            sys.stdout.write(f"{line}\n")
    return 0


def _lines(answer: Any) -> Iterator[str]:
    if isinstance(answer, list):
        for one in answer:
            yield from _lines(one)
    else:
        yield str(answer).rstrip()


if __name__ == "__main__":
    sys.exit(main())
