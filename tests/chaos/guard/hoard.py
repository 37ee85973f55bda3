"""An engine whose journal nobody ships (`journal`), or that takes much memory (`memory`): `python -m … WHAT MIB`."""

from __future__ import annotations

import sys
import threading

from signaltape import Emitter, Settings
from signaltape.clock import utc_now
from signaltape.control import present
from tests.support.samples import new_id

_MIB = 2**20
_RECORD_BYTES = 10_000


def main(what: str, mib: int) -> None:
    """Hoard, and keep it until it is ended."""
    settings = Settings.from_env()
    held = b"\x01" * (mib * _MIB) if what == "memory" else b""
    if what == "journal":
        tape = Emitter(settings, ship=False, control=False)
        account = {"equity": 1000, "note": "x" * _RECORD_BYTES}
        for _ in range(mib * _MIB // _RECORD_BYTES):
            fields = {"id": new_id(), "timestamp": utc_now(), "account": account}
            tape.record("risk_snapshot", {**fields, "dailyStats": {}, "riskFlags": []})
    with present(settings, "engine"):
        sys.stdout.write(f"hoarding {len(held) // _MIB} MiB\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
