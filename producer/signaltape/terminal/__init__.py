"""How a command speaks to a person (lines that fit the terminal) and to a program (`--json`): for every room.

An engine installs it too, so it needs no package beyond those of the library.
"""

from __future__ import annotations

from signaltape.terminal.screen import NOTHING_TO_DO, Screen, Style, print_json
from signaltape.terminal.table import Column, left, right

__all__ = ["NOTHING_TO_DO", "Column", "Screen", "Style", "left", "print_json", "right"]
