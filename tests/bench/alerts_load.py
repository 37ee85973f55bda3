"""An engine that emits at a steady rate beside the alerts: trades of the market, some lives. `RATE SECONDS`"""

from __future__ import annotations

import sys
import time

from signaltape import Emitter
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import triggered

#: One event in so many is of a signal's life.
_LIVES = 50


def main(rate: int, seconds: float) -> None:
    trade = RECORD_SAMPLES["market_trade"]
    with Emitter() as tape:
        began = time.monotonic()
        for number in range(int(rate * seconds)):
            ahead_s = number / rate - (time.monotonic() - began)
            if ahead_s > 0.001:
                time.sleep(ahead_s)  # this is what makes it a rate
            if number % _LIVES == 0:
                tape.triggered(triggered())
            else:
                tape.market("trade", trade)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
