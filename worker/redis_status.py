"""The part of `worker status` and of the metrics that says whether Redis will lose the tape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily

from signaltape.redis_health import KINDS, Caution
from signaltape.terminal import Screen


def show_cautions(screen: Screen, found: Sequence[Caution]) -> None:
    """Print each with what mends it; nothing where all is well."""
    for one in found:
        screen.say(one.says, "warn", mark="WARN ", short=True)
        screen.say(one.mend, mark="     → ")


def caution_metrics(found: Sequence[Caution]) -> Iterator[GaugeMetricFamily]:
    """A gauge for each kind: how many cautions of it there are, 0 where all is well."""
    gauge = GaugeMetricFamily(
        "signaltape_redis_cautions", "What in Redis may cost events, see `worker status`", labels=["kind"]
    )
    counts = Counter(one.kind for one in found)
    for kind in KINDS:
        gauge.add_metric([kind], counts[kind])
    yield gauge
