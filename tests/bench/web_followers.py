"""Many that follow `/api/events`, in one process: prints how far behind each was at most. `PORT COUNT SECONDS`"""

from __future__ import annotations

import asyncio
import re
import sys
import time


async def main(port: int, count: int, seconds: float) -> None:
    """One line `following` once all do; then for each its greatest delay in milliseconds and its events."""
    opened = [await _open(port) for _ in range(count)]
    print("following", flush=True)
    until = time.monotonic() + seconds
    for behind_ms, events in await asyncio.gather(*(_follow(one, until) for one in opened)):
        print(f"{behind_ms:.0f} {events}")


async def _open(port: int) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"retry:")
    _KEPT.append(writer)
    return reader


_KEPT: list[asyncio.StreamWriter] = []
_ID = re.compile(rb"\nid: (\d+)-")


async def _follow(reader: asyncio.StreamReader, until: float) -> tuple[float, int]:
    """An entry's id is the time at which it came into the stream: what came just now is so old at most."""
    behind_ms, events, rest = 0.0, 0, b""
    while (left := until - time.monotonic()) > 0:
        try:
            piece = rest + await asyncio.wait_for(reader.read(1 << 18), left)
        except TimeoutError:
            break
        now = time.time() * 1000
        end = piece.rfind(b"\n\n") + 2
        oldest = _ID.search(piece, 0, end) if end > 1 else None
        if oldest is not None:
            behind_ms = max(behind_ms, now - int(oldest[1]))
            events += piece.count(b"\nid: ", 0, end)
        rest = piece[end:] if end > 1 else piece
    return behind_ms, events


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
