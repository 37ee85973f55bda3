"""The part of `worker status` and of the metrics that says whether Redis will lose the tape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from signaltape.measures import Measure
from signaltape.redis_health import KINDS, Caution
from signaltape.terminal import Screen


def show_cautions(screen: Screen, found: Sequence[Caution]) -> None:
    """Print each with what mends it; nothing where all is well."""
    for one in found:
        screen.say(one.says, "warn", mark="WARN ", short=True)
        screen.say(one.mend, mark="     → ")


def caution_measure(found: Sequence[Caution]) -> Measure:
    """How many cautions of each kind there are, 0 where all is well."""
    counts = Counter(one.kind for one in found)
    values = {kind: counts[kind] for kind in KINDS}
    return Measure(
        "signaltape_redis_cautions", "What in Redis may cost events, see `worker status`", values, "kind"
    )
