"""The weekly sample of signals for a manual check."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from reports import qa
from reports.operations.connected import connected
from reports.weeks import Week
from signaltape.errors import Unavailable
from signaltape.settings import Settings
from sink.plain_errors import plain_errors


class Sample(NamedTuple):
    """Signals of a week with their outcomes, by bin and time of publication: the same for whoever draws them."""

    week: Week
    signals: list[dict[str, Any]]


@plain_errors()
def draw_sample(settings: Settings, week: Week, size: int = qa.SIZE) -> Sample:
    """Draw up to `size` signals of a week, spread over the bins."""
    with connected(settings) as connection:
        return Sample(week, qa.draw(connection, week, size))


def save_sample(sample: Sample, folder: Path) -> list[Path]:
    """Save it as CSV and JSON; returns their paths. Raises Unavailable if the folder cannot be written."""
    try:
        return qa.save(sample.signals, sample.week, folder)
    except OSError as error:
        raise Unavailable(f"cannot save to {folder}: {error.strerror}") from None
