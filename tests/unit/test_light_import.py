"""What an engine pays for `import signaltape`: only what it cannot do without, held by what is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: Loaded by an Emitter that is on, by a setting that needs it, or by the one call that does.
LATE = {
    *("redis", "hiredis", "asyncio", "ssl", "socket", "selectors", "http", "email", "concurrent"),
    *(
        "logging",
        "traceback",
        "json",
        "zoneinfo",
        "shutil",
        "tempfile",
        "secrets",
        "random",
        "hashlib",
        "queue",
    ),
    *("signaltape.journal.writer", "signaltape.shipping", "signaltape.contract.explain", "signaltape.urls"),
    *("signaltape.replay", "signaltape.commands", "signaltape.rejects", "signaltape.readying"),
    "signaltape.measuring",
}
#: What msgspec and uuid_utils load for themselves is none of ours.
_NEEDED = "import msgspec, uuid_utils, sys; there = set(sys.modules)"


def loaded_by(program: str, **environment: str) -> set[str]:
    """The modules that a program loads."""
    done = subprocess.run(
        [sys.executable, "-c", f"{_NEEDED}; {program}; print(*(set(sys.modules) - there))"],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_import_loads_nothing_that_the_first_event_does_not_need() -> None:
    assert not loaded_by("import signaltape") & LATE


def test_an_engine_that_records_nothing_loads_no_journal() -> None:
    loaded = loaded_by("import signaltape; signaltape.Emitter().closed(signal_id='x')")
    assert not loaded & {"redis", "signaltape.journal.writer", "signaltape.readying", "signaltape.shipping"}


def test_no_event_waits_for_an_import(tmp_path: Path) -> None:
    """Neither the first one, nor one that is refused, nor the first record, nor the thread that they start."""
    program = (
        "import signaltape; tape = signaltape.Emitter(); before = set(sys.modules);"
        "assert tape.invalidated(signal_id='00000000-0000-4000-8000-000000000001', symbol='X', reason='sl');"
        "assert not tape.invalidated(signal_id='x');"
        "assert tape.state(symbol='X', event_type='A');"
        "assert tape.measure('ws', 'X', rtt_ms=1);"
        "assert not tape.close(0.3); there |= before"
    )
    loaded = loaded_by(
        program,
        FEATURE_EVENT_LOGGING="true",
        REDIS_URL="redis://:a-password@127.0.0.1:1",
        SIGNALTAPE_HOME=str(tmp_path),
    )
    assert not loaded
