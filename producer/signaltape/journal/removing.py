"""Removing a journal of which everything was shipped."""

from __future__ import annotations

import shutil  # loads what compresses, too: an engine has no need of it before its shipper starts
from pathlib import Path

from signaltape.journal.segment import segment_numbers, segment_path


def remove_journal(folder: Path) -> None:
    """Remove a journal. What lies beside it (rejects, damaged bytes) stays.

    Its cursor goes after its segments: whoever ends in between leaves a journal of which everything was shipped.
    """
    for number in segment_numbers(folder):
        segment_path(folder, number).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
