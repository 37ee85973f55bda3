"""A number of this very state of the code: what is tried at random is tried with other seeds once the code changes."""

from __future__ import annotations

import zlib
from pathlib import Path

_ROOT = Path(__file__).parents[2]
#: What decides how a simulated run goes: the product, and what simulates it.
_DECIDING = ("producer", "consumer", "worker", "sink", "outbox", "replay", "reports", "tests/simulation")
_SUFFIXES = {".py", ".sql", ".lua", ".toml"}


def seed_of_this_tree() -> int:
    """The same wherever the same code is tested."""
    files = sorted(
        path for folder in _DECIDING for path in (_ROOT / folder).rglob("*") if path.suffix in _SUFFIXES
    )
    seed = 0
    for path in files:
        seed = zlib.crc32(path.read_bytes(), seed)
    return seed
