"""Every metric stands in the docs, and what stands in the docs is a metric."""

from __future__ import annotations

import re

from consumer.group_measures import _GROUP
from guard.exported_checks import CHECKS
from tests.support.pages import ROOT, Page

PROMETHEUS = Page(ROOT / "docs" / "prometheus.md")
#: Where metrics get their names.
MEASURES = (
    *(
        "worker/metrics.py",
        "worker/redis_status.py",
        "replay/archive/metrics.py",
        "reports/metrics.py",
        "web/metrics.py",
        "market/reporting.py",
        "desk/metrics.py",
        "outbox/metrics.py",
        "replay/jobs/metrics.py",
        "ghost/metrics.py",
        *("guard/metrics.py", "guard/exporting.py"),
    ),
    *("consumer/group_measures.py", "producer/signaltape/shipping/measures.py"),
    "producer/signaltape/integrations/prometheus.py",
)


def test_every_metric_stands_in_the_table_and_is_there() -> None:
    text = "".join((ROOT / path).read_text() for path in MEASURES)
    made = set(re.findall(r'"(signaltape_[a-z_]+)"', text)) - {"signaltape_archive", "signaltape_desk"}
    made |= {f"signaltape{of}_{name}" for of in ("", "_archive", "_desk") for name, _, _ in _GROUP}
    made |= {check.name for check in CHECKS.values()}
    cells = [cells[0] for cells in PROMETHEUS.rows()]
    said = {
        name.removesuffix("_total").removesuffix("_info")
        for cell in cells
        for name in re.findall(r"`(signaltape_\w+)`", cell)
    }
    assert said == made
