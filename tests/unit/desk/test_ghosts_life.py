"""An alert of a signal whose engine only publishes says what its ghost came to; what the engine says counts."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from desk.alerting.following import Fact, life_of
from desk.alerts.life import Life, life_lines
from tests.support.alerts import TWO

FIELDS: dict[str, dict[str, Any]] = {
    "triggered": {"entry_fill": "64100", "time_to_trigger_ms": 420_000},
    "invalidated": {"reason": "expiry"},
    "closed": {"rr_realized": "1.65", "time_in_trade_ms": 900_000, "exit_reason": "tp"},
}


def fact(event: str, minute: int = 7, **changes: Any) -> Fact:
    fields = FIELDS[event.partition("_")[2]]
    return Fact(event, TWO + timedelta(minutes=minute), {**fields, **changes})


def lines(*facts: Fact, before: Life | None = None) -> list[str]:
    return life_lines(life_of(facts, before or Life()), TWO)


def test_what_its_ghost_came_to_says_so() -> None:
    assert lines(fact("ghost_triggered"), fact("ghost_closed", 22)) == [
        "▸ triggered 14:07 WIB after 7 min (ghost)",
        "▸ closed +1.65 R in 15 min (tp, ghost)",
    ]
    assert lines(fact("ghost_invalidated", 45)) == ["▸ invalidated: expiry after 45 min (ghost)"]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_what_the_engine_says_takes_its_place_whatever_comes_first(order: tuple[int, ...]) -> None:
    facts = [
        fact("ghost_triggered"),
        fact("ghost_closed", 22),
        fact("signal_triggered", 8),
        fact("signal_invalidated", 30, reason="sl"),
    ]
    life = Life()
    for count in range(1, 5):
        life = life_of([facts[place] for place in order[:count]], life)
    assert life_lines(life, TWO) == [
        "▸ triggered 14:08 WIB after 7 min",
        "▸ invalidated: sl after 30 min",
    ]
    assert life == life_of(facts, Life())


def test_an_engine_that_says_the_beginning_alone_leaves_the_end_to_its_ghost() -> None:
    assert lines(fact("signal_triggered"), fact("ghost_triggered", 9), fact("ghost_closed", 22)) == [
        "▸ triggered 14:07 WIB after 7 min",
        "▸ closed +1.65 R in 15 min (tp, ghost)",
    ]
