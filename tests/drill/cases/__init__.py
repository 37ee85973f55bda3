"""What happens in each case: a file for each kind of thing that fails."""

from __future__ import annotations

from importlib import import_module

_FILES = ("api", "servers", "processes", "failover", "disks", "messages", "figures", "lost")


def load() -> None:
    """Have all cases register."""
    for name in _FILES:
        import_module(f"tests.drill.cases.{name}")
