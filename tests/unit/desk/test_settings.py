"""What the desk reads from the environment: bounds, defaults, and errors that name the variable."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.policy.budgets import parse_windows
from desk.reading import AlertChat
from desk.settings import DeskSettings
from signaltape import SettingsError

read = DeskSettings.from_env
_NAMES = (
    *("TELEGRAM_ADMIN_IDS", "TELEGRAM_CHAT_ID", "SIGNALTAPE_WEBHOOK_URL", "SIGNALTAPE_WEBHOOK_SECRET"),
    *(
        "SIGNALTAPE_ALERT_JSON",
        "SIGNALTAPE_ALERT_CHATS",
        "SIGNALTAPE_ALERT_BUDGETS",
        "SIGNALTAPE_ALERT_LINKS",
    ),
    *("SIGNALTAPE_MIN_RR", "SIGNALTAPE_EQUITY_USD", "SIGNALTAPE_SIZING", "SIGNALTAPE_RISK_CAP_PCT"),
)


def test_what_holds_without_any() -> None:
    found = read({})
    assert (found.alert_json, found.sizing, found.risk_cap_pct) == ("reply", "table", Decimal("2.0"))
    assert found.alert_budgets == {
        "institutional": parse_windows("1/5m"),
        "sniper": parse_windows("1/3m"),
        "coin": parse_windows("1/5m"),
    }
    assert found.min_rr == {
        "institutional": Decimal("1.5"),
        "sniper": Decimal("1.5"),
        "scalp": Decimal("1.2"),
    }
    assert (found.admin_ids, found.alert_chats, found.equity_usd, found.webhook_url) == (
        frozenset(),
        (),
        None,
        None,
    )
    assert found == read(dict.fromkeys(_NAMES, ""))
    assert found == DeskSettings(common=found.common)


def test_alerts_go_to_the_reports_chat_unless_others_are_named() -> None:
    assert read({"TELEGRAM_CHAT_ID": "-100123"}).alert_chats == (AlertChat("-100123"),)
    named = read(
        {"TELEGRAM_CHAT_ID": "1", "SIGNALTAPE_ALERT_CHATS": "-100123/7=sniper+health, @some_channel"}
    )
    first, second = named.alert_chats
    assert first == AlertChat("-100123", 7, frozenset({"sniper", "health"}))
    assert (first.takes("sniper"), first.takes("scalp"), second.takes("scalp")) == (True, False, True)


def test_a_number_alone_is_the_least_rr_of_all_that_trade() -> None:
    assert set(read({"SIGNALTAPE_MIN_RR": "2"}).min_rr.values()) == {Decimal(2)}
    assert read({"SIGNALTAPE_MIN_RR": "0; sniper = 1.75"}).min_rr["sniper"] == Decimal("1.75")


def test_links_admins_budgets_and_money() -> None:
    found = read(
        {
            "SIGNALTAPE_ALERT_LINKS": "sniper=https://a.org/{coin};heatmap=http://b.org:8080/?x=1&s={symbol}",
            "TELEGRAM_ADMIN_IDS": "123456789, 42",
            "SIGNALTAPE_ALERT_BUDGETS": "off",
            "SIGNALTAPE_EQUITY_USD": "10000.50",
            "SIGNALTAPE_RISK_CAP_PCT": "0.5",
        }
    )
    assert list(found.alert_links) == ["heatmap", "sniper"]
    assert found.admin_ids == {123456789, 42}
    assert found.alert_budgets == {}
    assert (found.equity_usd, found.risk_cap_pct) == (Decimal("10000.50"), Decimal("0.5"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("TELEGRAM_ADMIN_IDS", wrong) for wrong in ("me", "-5", "0", "9" * 20, "²", "1," * 101)),
        *(("TELEGRAM_CHAT_ID", wrong) for wrong in ("a b", "--5", "@ab")),
        *(("SIGNALTAPE_ALERT_CHATS", wrong) for wrong in ("1=moon", "1/0", "1/x", "1,1", "1=,2", "1/2=a b")),
        *(("SIGNALTAPE_ALERT_JSON", wrong) for wrong in ("yes", "REPLY")),
        *(
            ("SIGNALTAPE_ALERT_BUDGETS", wrong)
            for wrong in ("1/5m", "coin=", "coin=1/1m;coin=1/1m", "x=1/5m")
        ),
        *(("SIGNALTAPE_MIN_RR", wrong) for wrong in ("1,5", "1.5;health=1", "nan", "-1", "101", "1;scalp=x")),
        *(("SIGNALTAPE_EQUITY_USD", wrong) for wrong in ("0", "-5", "1e9", "inf", "10,000", "1" * 14)),
        *(("SIGNALTAPE_RISK_CAP_PCT", wrong) for wrong in ("0", "10.1", "2%")),
        *(("SIGNALTAPE_SIZING", wrong) for wrong in ("big", "Table")),
        *(("SIGNALTAPE_WEBHOOK_URL", wrong) for wrong in ("ftp://a.org", "a.org", "https://")),
        *(
            ("SIGNALTAPE_WEBHOOK_SECRET", wrong)
            for wrong in ("short", "with space in it", "é" * 20, "x" * 257)
        ),
        *(
            ("SIGNALTAPE_ALERT_LINKS", wrong)
            for wrong in (
                *("heatmap", "map=https://a.org", "heatmap=javascript:alert(1)", "heatmap=https://{symbol}/"),
                *(
                    "heatmap=https://a.org{symbol}",
                    "heatmap=https://a.org/{secret}",
                    "heatmap=https://u:p@a.org/",
                ),
                *(
                    "heatmap=https://a.org/ x",
                    "heatmap=https://a.org/{",
                    f"heatmap=https://a.org/{'x' * 1024}",
                ),
            )
        ),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}") as refusal:
        read({"SIGNALTAPE_WEBHOOK_SECRET": "a_good_one", name: text})
    assert "\n" not in str(refusal.value)
    if name == "SIGNALTAPE_WEBHOOK_SECRET":
        assert text not in str(refusal.value)


def test_a_webhook_needs_a_secret_and_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SIGNALTAPE_WEBHOOK_URL needs SIGNALTAPE_WEBHOOK_SECRET too"):
        read({"SIGNALTAPE_WEBHOOK_URL": "https://a.org/hook"})
    path = tmp_path / "secret"
    path.write_text("not_to_be_seen\n")
    found = read(
        {"SIGNALTAPE_WEBHOOK_URL": "https://a.org/hook", "SIGNALTAPE_WEBHOOK_SECRET_FILE": str(path)}
    )
    assert found.webhook_secret is not None
    assert found.webhook_secret.reveal() == "not_to_be_seen"
    assert "not_to_be_seen" not in repr(found)


@given(st.sampled_from(_NAMES), st.text(max_size=60))
def test_any_text_is_taken_or_refused_by_its_name(name: str, text: str) -> None:
    try:
        read({"SIGNALTAPE_WEBHOOK_SECRET": "a_good_one", name: text})
    except SettingsError as refusal:
        assert str(refusal).startswith(name)
