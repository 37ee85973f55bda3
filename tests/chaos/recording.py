"""An engine that records candles of many days: `python -m tests.chaos.recording IDS OLDEST YOUNGEST COUNT RATE`.

IDS is the file that the ids of accepted records are added to, or `-`. The candles are spread over the days from OLDEST
to YOUNGEST days ago.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uuid_utils

from signaltape import Emitter
from tests.support.records import RECORD_SAMPLES


def main() -> int:
    ids, oldest, youngest, count, rate = sys.argv[1], *map(int, sys.argv[2:6])
    now = datetime.now(UTC)
    began = time.monotonic()
    with ExitStack() as stack:
        tape = stack.enter_context(Emitter(ship=False))
        note = None if ids == "-" else stack.enter_context(Path(ids).open("a"))
        for number in range(count):
            day = now - timedelta(days=oldest - number % (oldest - youngest + 1))
            fields = {**RECORD_SAMPLES["market_candle"], "id": str(uuid_utils.uuid7()), "timestamp": day}
            if tape.market("candle", fields) and note is not None:
                note.write(f"{fields['id']}\n")
            ahead_s = number / rate - (time.monotonic() - began)
            if ahead_s > 0:
                time.sleep(ahead_s)  # this is what makes it a load at a rate
    return 0


if __name__ == "__main__":
    sys.exit(main())
