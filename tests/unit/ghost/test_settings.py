"""What the ghost reads from the environment."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ghost.model.rules import Rules
from ghost.settings import GHOST, VARIABLES, GhostSettings
from signaltape.errors import SettingsError


def test_without_any_only_what_somebody_asks_for_is_followed_by_the_plain_rules() -> None:
    settings = GhostSettings.from_env({})
    assert (settings.which, settings.track, settings.rules) == ("clicked", False, Rules())


def test_rules_are_read() -> None:
    given = {
        "SIGNALTAPE_GHOST": "all",
        "SIGNALTAPE_TRACK": "true",
        "SIGNALTAPE_GHOST_TOUCH": "true",
        "SIGNALTAPE_GHOST_TP1_FRACTION": "0.3",
        "SIGNALTAPE_GHOST_BREAK_EVEN": "true",
        "SIGNALTAPE_GHOST_TRAIL_R": "1.5",
        "SIGNALTAPE_GHOST_TAKER_BPS": "5",
        "SIGNALTAPE_GHOST_MAKER_BPS": "2",
        "SIGNALTAPE_GHOST_SLIPPAGE_BPS": "1.25",
        "SIGNALTAPE_GHOST_FUNDING": "true",
        "SIGNALTAPE_GHOST_LIMIT_VOLUME": "true",
    }
    assert set(given) == set(VARIABLES)
    settings = GhostSettings.from_env(given)
    assert (settings.which, settings.track) == ("all", True)
    assert settings.rules == Rules(
        touch=True,
        tp1_fraction=Decimal("0.3"),
        break_even=True,
        trail_r=Decimal("1.5"),
        taker_bps=Decimal(5),
        maker_bps=Decimal(2),
        slippage_bps=Decimal("1.25"),
        funding=True,
        limit_volume=True,
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (GHOST, "ALL"),
        ("SIGNALTAPE_TRACK", "yes"),
        ("SIGNALTAPE_GHOST_TP1_FRACTION", "1.01"),
        ("SIGNALTAPE_GHOST_TP1_FRACTION", "0"),
        ("SIGNALTAPE_GHOST_TRAIL_R", "0"),
        ("SIGNALTAPE_GHOST_TAKER_BPS", "-1"),
        ("SIGNALTAPE_GHOST_TAKER_BPS", "nan"),
        ("SIGNALTAPE_GHOST_MAKER_BPS", "1001"),
        ("SIGNALTAPE_GHOST_SLIPPAGE_BPS", "1" * 30),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        GhostSettings.from_env({name: text})


def test_a_rule_said_as_it_is_anyway_is_the_same_rule() -> None:
    assert GhostSettings.from_env({"SIGNALTAPE_GHOST_TP1_FRACTION": "0.5"}).rules == Rules()
