"""What Prometheus reads of the guard is what the guard itself counts by."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from guard.exported_checks import CHECKS
from guard.exporting import Exported, bounds
from guard.model.check_figures import CHECK_FIGURES
from guard.model.counting import above
from guard.model.findings import Checked
from guard.model.memory import Memory
from guard.model.rules import Threshold
from guard.model.slots import Slot
from guard.rules_file import rules_in_force
from signaltape.measuring.histogram import Histogram
from tests.support.scraping import scraped
from tests.support.waiting import ended

AT = datetime(2026, 1, 1, tzinfo=UTC)
RULES = rules_in_force({})
KEY = {"kind": "http", "figure": "latency_ms", "name": "GET /api/signal/<symbol>", "engine": "ib"}


def slot(*values: float, **changes: Any) -> Slot:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    buckets = histogram.buckets()
    fields: dict[str, Any] = {
        **KEY,
        "at": AT,
        "n": len(values),
        "sum": sum(values),
        "worst": max(values),
        "last": values[-1],
        "last_at": AT,
        "bucket": tuple(buckets),
        "bucket_n": tuple(buckets.values()),
    }
    return Slot(**{**fields, **changes})


def samples(exported: Exported) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = scraped({"guard": exported.measures})
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def sample(exported: Exported, metric: str, /, **labels: str) -> float | None:
    return samples(exported).get((f"signaltape_guard_{metric}", frozenset(labels.items())))


def test_the_limit_of_every_rule_is_a_bound_of_the_buckets() -> None:
    limits = {
        rule.alert_above / 1000
        for rule in RULES.rule.values()
        if isinstance(rule, Threshold) and rule.unit == "ms" and rule.alert_above
    }
    slow = {rule.slow_above / 1000 for rule in RULES.burns if rule.slow_above}
    assert {0.35, 0.65, 5.0} <= limits
    assert (limits | slow | {90.0}) <= set(bounds(RULES))


def test_more_than_a_limit_is_the_same_share_as_the_guard_counts() -> None:
    rng, exported = random.Random(1), Exported(RULES)
    slots = [slot(*(rng.lognormvariate(6, 1) for _ in range(50))) for _ in range(20)]
    slots.append(slot(450.0, 449.9, 450.1, 650.0, 0.0))
    for one in slots:
        exported.take(one)
    total = sample(exported, "measured_seconds_count", **KEY)
    assert total is not None
    assert total == sum(one.n for one in slots)
    for limit in (450.0, 650.0):
        no_more = sample(exported, "measured_seconds_bucket", **KEY, le=str(limit / 1000))
        assert total - (no_more or 0) == sum(above(one, limit) for one in slots)
    assert sample(exported, "measured_seconds_sum", **KEY) == pytest.approx(
        sum(one.sum for one in slots) / 1000
    )


def test_requests_are_counted_by_status_from_zero_on() -> None:
    exported = Exported(RULES)
    exported.take(slot(1.0, n2xx=3, n5xx=1))
    exported.take(slot(1.0, n2xx=2, n429=1))
    found = [
        sample(exported, "requests_total", name=KEY["name"], engine="ib", status=status)
        for status in ("2xx", "3xx", "4xx", "429", "5xx")
    ]
    assert found == [5, 0, 0, 1, 1]


def test_what_is_no_time_has_its_last_value() -> None:
    exported = Exported(RULES)
    labels = {"kind": "queue", "figure": "depth", "name": "orders", "engine": ""}
    exported.take(slot(3.0, 7.0, **labels))
    assert sample(exported, "last_value", **labels) == 7
    assert sample(exported, "measured_seconds_count", **labels) is None


def test_every_check_has_a_name_and_is_told_in_base_units() -> None:
    assert CHECKS.keys() == CHECK_FIGURES.keys()
    exported, memory = Exported(RULES), Memory(RULES)
    memory.checks = [
        Checked("disk_free_pct", "SIGNALTAPE_HOME", 25.0),
        Checked("memory_mb", "worker", 2.0),
        Checked("clock_skew_ms", "redis", None),
    ]
    memory.read_until = AT
    memory.saw(slot(1.0).key, AT - timedelta(hours=1))
    exported.evaluated(memory, [], AT + timedelta(seconds=5))
    assert sample(exported, "disk_free_ratio", subject="SIGNALTAPE_HOME") == 0.25
    assert sample(exported, "memory_bytes", subject="worker") == 2 * 1024 * 1024
    assert sample(exported, "clock_skew_seconds", subject="redis") is None
    assert sample(exported, "read_timestamp_seconds") == AT.timestamp()
    assert sample(exported, "evaluated_timestamp_seconds") == AT.timestamp() + 5
    assert sample(exported, "measured_timestamp_seconds", **KEY) == AT.timestamp() - 3600


def test_what_nobody_expects_any_more_has_no_moment() -> None:
    exported, memory = Exported(RULES), Memory(RULES)
    memory.saw(slot(1.0).key, AT - timedelta(days=2))
    exported.evaluated(memory, [], AT)
    assert sample(exported, "measured_timestamp_seconds", **KEY) is None


def test_it_may_be_scraped_while_it_is_written() -> None:
    exported = Exported(RULES)

    def write() -> None:
        for number in range(3000):
            exported.take(slot(float(number + 1), name=f"GET /{number % 50}"))

    thread = threading.Thread(target=write)
    thread.start()
    counts: list[float] = []
    while thread.is_alive():
        found = samples(exported)
        counts.append(
            sum(n for (name, _), n in found.items() if name == "signaltape_guard_measured_seconds_count")
        )
    ended(thread)
    assert counts == sorted(counts)
    assert (
        sum(n for (name, _), n in samples(exported).items() if name.endswith("measured_seconds_count"))
        == 3000
    )


def test_a_name_that_was_not_measured_for_a_day_is_not_exported_any_more() -> None:
    memory, exported, name = Memory(RULES), Exported(RULES), KEY["name"]
    for one in (slot(1.0), slot(1.0, name="GET /gone")):
        memory.take(one)
        exported.take(one)
    assert exported_names(exported) == {name, "GET /gone"}
    memory.take(slot(1.0, last_at=AT + timedelta(days=2)))
    exported.evaluated(memory, [], AT + timedelta(days=2))
    assert exported_names(exported) == {name}


def exported_names(exported: Exported) -> set[str]:
    return {label for _, labels in samples(exported) for which, label in labels if which == "name"}
