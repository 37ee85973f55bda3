"""Debian's promtool and prometheus: asked about what we write, or a line that says how to get them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_INSTALL = "install Debian's packages: apt-get install -y --no-install-recommends prometheus systemd"


def program(name: str) -> str:
    """Its path. Raises RuntimeError that says how to get it."""
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"there is no {name}: {_INSTALL}")
    return found


def promtool(*arguments: str | Path, given: str = "") -> tuple[int, str]:
    """Run it: its exit code and all that it said."""
    done = subprocess.run(
        [program("promtool"), *map(str, arguments)], input=given, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr
