"""Layers without number: an engine that puts ids where names of layers belong costs the report nothing."""

from __future__ import annotations

from reports.layers.findings import MOST_JUDGED, find, most_named
from reports.layers.lift import Pattern


def test_layers_without_number_are_not_all_judged_and_the_real_ones_are_among_them() -> None:
    patterns = [
        Pattern(
            number % 8, {"trend": number % 3 == 0, f"id-{number}": True, f"no-{number}": False}, 1, number % 2
        )
        for number in range(1500)
    ]
    found = find(patterns)
    assert "trend" in [one.layer for one in found]
    assert len(found) <= MOST_JUDGED


def test_a_layer_that_more_signals_name_goes_first() -> None:
    patterns = [Pattern(0, {"a": True, "b": True}, 5, 1), Pattern(0, {"b": False, "c": True}, 6, 1)]
    assert [one.layers for one in most_named(patterns, 2)] == [{"b": True}, {"b": False, "c": True}]
    assert most_named(patterns, 3) is patterns
