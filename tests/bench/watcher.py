"""Sees signals come: prints the id of each watched one and when a query first saw it. `URL SECONDS`"""

from __future__ import annotations

import sys
import time

from signaltape import Secret
from sink.db import connect

_QUERY = (
    b"SELECT signal_id::text FROM signals WHERE setup = 'watched' AND received_at >= now() - interval '5 s'"
)


def main(url: str, seconds: float) -> None:
    seen: dict[str, float] = {}
    with connect(Secret(url)) as connection:
        connection.execute("CREATE INDEX ON signals (received_at) WHERE setup = 'watched'")
        print("watching", flush=True)
        end = time.monotonic() + seconds + 3
        while time.monotonic() < end:
            rows = connection.execute(_QUERY).fetchall()
            now = time.monotonic()
            for (signal_id,) in rows:
                seen.setdefault(signal_id, now)
            time.sleep(0.001)  # it must not take the machine from what it watches
    for signal_id, at in seen.items():
        print(signal_id, at)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
