"""Memory of a process in pages of 2 MB: to fork it, and to end what was forked, a few hundred are copied, not 70,000.

https://www.kernel.org/doc/html/latest/admin-guide/mm/transhuge.html; a kernel that has none is left alone.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from pathlib import Path

_HUGE = 2 << 20
#: MADV_COLLAPSE, since Linux 6.1: put together now what is there already.
_COLLAPSE = 25


def gather() -> None:
    """Put together what this process has written to so far. What cannot be stays in small pages."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for place in _whole_ones(Path("/proc/self/maps").read_text().splitlines()):
        madvise(place, _HUGE, _COLLAPSE)


def _whole_ones(maps: Iterable[str]) -> Iterator[int]:
    """Where huge pages lie in memory that is nobody else's and no file's."""
    for span, rights, _offset, _device, inode, *_name in (line.split() for line in maps):
        if rights == "rw-p" and inode == "0":
            begin, end = (int(one, 16) for one in span.split("-"))
            yield from range(-(-begin // _HUGE) * _HUGE, end // _HUGE * _HUGE, _HUGE)
