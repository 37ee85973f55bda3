"""The worker, with one addition: an entry that holds a certain text kills its process, as a bug in C code would."""

from __future__ import annotations

import os
import signal
from unittest.mock import patch

import consumer.decoding.decode
from signaltape.contract.codec import Decoded, decode
from worker.__main__ import main

MARK = b"kill this worker"


def _deadly(name: str, data: bytes, **options: object) -> Decoded:
    if MARK in data:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(name, data, **options)  # type: ignore[arg-type]


if __name__ == "__main__":
    patch.object(consumer.decoding.decode, "decode", _deadly).start()
    patch.object(
        consumer.decoding.decode, "fast_decode", lambda *_: None
    ).start()  # so that every event comes by
    main()
