"""What the last process told is on the tape before the next one reads there up to where it was told."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from signaltape.shipping.left_behind import left_behind

log = logging.getLogger("market")

#: A shipper takes what is left within a second. Behind this, something else is wrong.
_WITHIN_S = 5.0
_AGAIN_S = 0.02


async def await_shipped(home: Path, within_s: float = _WITHIN_S) -> None:
    """Wait until the journals of processes that have ended are shipped, by whoever has them; for a while at most."""
    try:
        async with asyncio.timeout(within_s):
            while left_behind(home):
                await asyncio.sleep(_AGAIN_S)  # a cursor that moves tells nobody
    except (TimeoutError, OSError):
        log.warning("what earlier processes emitted is not all shipped: some of it may be told twice")
