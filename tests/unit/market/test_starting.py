"""What has to be mended before the market starts is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attack.run import run

REDIS = {"REDIS_URL": "redis://127.0.0.1:1/0", "FEATURE_EVENT_LOGGING": "true"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"REDIS_URL": ""}, "REDIS_URL is not set"),
        (
            {"FEATURE_EVENT_LOGGING": ""},
            "FEATURE_EVENT_LOGGING is not true: nothing of it would be on the tape",
        ),
        ({"SIGNALTAPE_MARKET_PROVIDERS": "kraken"}, "SIGNALTAPE_MARKET_PROVIDERS must name some of okx"),
        ({"SIGNALTAPE_MARKET_PROVIDERS": "coinapi"}, "the provider coinapi needs COINAPI_KEY"),
        ({"SIGNALTAPE_MARKET_SYMBOLS": "SOL-USDT"}, "SIGNALTAPE_MARKET_SYMBOLS: "),
        ({"SIGNALTAPE_MARKET_OKX_WS": "http://x"}, "SIGNALTAPE_MARKET_OKX_WS must be a base URL"),
    ],
)
def test_a_wrong_setting(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    ran = run("market", [], {**REDIS, "SIGNALTAPE_HOME": str(tmp_path), **changes})
    assert (ran.code, ran.trouble) == (2, "")
    assert said in ran.said


@pytest.mark.parametrize("command", ["symbols", "providers"])
def test_without_redis_nothing_can_be_shown(tmp_path: Path, command: str) -> None:
    ran = run("market", [command], {**REDIS, "SIGNALTAPE_HOME": str(tmp_path)})
    assert (ran.code, ran.trouble) == (1, "")
    assert "Error: Redis: " in ran.said
