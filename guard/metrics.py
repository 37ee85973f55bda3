"""What the guard measures: what engines measured, its own checks, open alerts, and what it has done itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from guard.exporting import Exported
from guard.runner import Counted
from signaltape.measures import Ask, Measure, one


def guard_parts(exported: Exported, counted: Callable[[], Counted]) -> Mapping[str, Ask]:
    """The parts by name. counted: what this guard has done so far."""
    return {"measured": exported.measures, "work": lambda: _work(counted())}


def _work(counted: Counted) -> Iterator[Measure]:
    read = {name: getattr(counted, name) for name in ("entries", "measurements", "again", "ahead")}
    yield Measure("signaltape_guard_read", "What was read of the tape", read, "what", total=True)
    alerts = {"began": counted.began, "resolved": counted.resolved}
    yield Measure("signaltape_guard_alerts", "Alerts that began and ended", alerts, "what", total=True)
    yield one(
        "signaltape_guard_evaluations", "How often rules were evaluated", counted.evaluations, total=True
    )
    yield one("signaltape_guard_leads", "Whether it works, and does not stand by", float(counted.leads))
