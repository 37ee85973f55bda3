"""Keep the stream small: trim what every group is done with, and report what grows all the same."""

from __future__ import annotations

import logging
import time

from signaltape.consuming.consumer import Consumer

log = logging.getLogger("signaltape")


def tidy(consumer: Consumer, retention_s: int, stream_max_bytes: int) -> None:
    """Trim what is older than `retention_s`, and warn of a stream beyond `stream_max_bytes` (0: no limit)."""
    consumer.trim(f"{max(0, int((time.time() - retention_s) * 1000))}-0")
    if not stream_max_bytes:
        return
    for key, size in consumer.memory_bytes().items():
        if size > stream_max_bytes:
            log.warning(
                "%s takes %d bytes, more than SIGNALTAPE_STREAM_MAX_BYTES=%d; nothing is cut: "
                "is a consumer group stuck?",
                key,
                size,
                stream_max_bytes,
            )
