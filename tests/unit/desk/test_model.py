"""An alert of what an engine sent: exact numbers, its category, how long it is valid, and nothing lost on its way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.alerts.model import alert_of, dump, load
from signaltape import InvalidEvent
from tests.support.alerts import BIAS, RECORD_ID, SIGNAL_ID, TWO, alert, published
from tests.support.samples import as_json


def test_a_published_signal_says_it_exactly() -> None:
    one = published(
        entry=Decimal("222.10"), sl=Decimal("224.3"), tp=Decimal("217.7"), ref_id="snp_x", timeframe="5m"
    )
    assert (one.confidence, one.rr, one.entry) == (Decimal("79.996"), Decimal("1.9"), Decimal("222.10"))
    assert (one.side, one.signal_id, one.source_id, one.tp1) == (
        "short",
        SIGNAL_ID,
        SIGNAL_ID,
        Decimal("217.7"),
    )
    assert (one.ref_id, one.ref_given, one.category, one.timeframe) == ("snp_x", True, "sniper", "5m")
    assert one.expires_at - one.ts == timedelta(minutes=30)


def test_confidence_is_its_own_before_the_score() -> None:
    assert published(confidence=Decimal("0.6")).confidence == 60
    long = Decimal(f"0.{'69' * 200}")
    assert published(confidence=long).confidence == Decimal(f"69.{'69' * 199}"), "no digit is lost"


@pytest.mark.parametrize(
    ("setup", "ref", "category"),
    [
        *((None, None, "institutional"), ("snp-fvg", None, "sniper"), ("Sniper A", None, "sniper")),
        *(
            ("quick SCALP", None, "scalp"),
            ("fvg", "snp_20250915", "sniper"),
            ("not a sniper", None, "institutional"),
        ),
    ],
)
def test_the_category_of_a_signal(setup: str | None, ref: str | None, category: str) -> None:
    assert published(setup=setup, ref_id=ref).category == category


def test_a_signal_may_bring_words_and_flow() -> None:
    one = published(title="Sweep", lines=["a", "b"], next="wait", etf_inflow_usd=6e7)
    assert (one.title, one.lines, one.next, one.etf_inflow_usd) == (
        "Sweep",
        ("a", "b"),
        "wait",
        Decimal("6e7"),
    )


@pytest.mark.parametrize(
    "wrong", [{"lines": [1]}, {"title": {}}, {"etf_inflow_usd": "much"}, {"lines": "text"}]
)
def test_words_that_nobody_promised_are_left_out_not_refused(wrong: dict[str, Any]) -> None:
    one = published(**{"next": "wait", **wrong})
    assert (one.lines, one.title, one.etf_inflow_usd) == ((), None, None)


@pytest.mark.parametrize("flow", ["NaN", "1e900", "-1e16"])
def test_a_flow_that_is_no_sum_of_money_is_not_known(flow: str) -> None:
    assert published(etf_inflow_usd=flow).etf_inflow_usd is None


def test_a_record_says_it_exactly() -> None:
    data = as_json({**BIAS, "entryLow": None, "entryHigh": None}).replace(
        b'"sl":63100', b'"sl":63100.10,"entry":64000.000000000000001'
    )
    one = alert_of("alert", data, TWO)
    assert (str(one.sl), str(one.entry)) == ("63100.10", "64000.000000000000001")
    assert (one.source_id, one.raw, one.ts) == (RECORD_ID, data, TWO)


@pytest.mark.parametrize(
    ("category", "minutes"), [("institutional", 45), ("sniper", 30), ("scalp", 30), ("health", 30)]
)
def test_how_long_it_is_valid_that_does_not_say_so(category: str, minutes: int) -> None:
    assert alert(category=category).expires_at == TWO + timedelta(minutes=minutes)


@pytest.mark.parametrize(("given_minutes", "minutes"), [(7, 7), (0.5, 0.5), (45.0, 45), (1e6, 366 * 24 * 60)])
def test_how_long_it_is_valid_that_does(given_minutes: float, minutes: float) -> None:
    assert alert(expiryMinutes=given_minutes).expires_at == TWO + timedelta(minutes=minutes)
    assert published(expiry_minutes=2**31 - 1).expires_at == TWO + timedelta(days=366)


def test_a_time_without_a_zone_is_wib_and_without_one_it_is_the_entrys() -> None:
    assert alert(timestamp="2025-09-15T14:00:00").ts == TWO
    assert alert(timestamp=None).ts == TWO
    assert alert(timestamp=1757919600000).ts == TWO


@pytest.mark.parametrize(
    ("changes", "rr"),
    [
        ({}, "2.9"),
        ({"tp2": None}, "1.4"),
        ({"rr": Decimal("1.70")}, "1.70"),
        ({"side": "short"}, None),
        ({"sl": None}, None),
        ({"entryLow": None, "entryHigh": None}, None),
        ({"side": "short", "sl": 65100, "tp1": 62100, "tp2": None}, "2"),
    ],
)
def test_the_rr_of_a_plan(changes: dict[str, Any], rr: str | None) -> None:
    assert alert(**changes).rr == (None if rr is None else Decimal(rr))


def test_the_middle_of_a_band_is_where_it_is_meant_to_be_entered() -> None:
    assert alert().planned == 64100
    assert alert(entry=64050).planned == 64050
    assert alert(entryHigh=None).planned == 64000
    assert alert(entryLow=None, entryHigh=None).planned is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"category": "moon"}, "category must be institutional, sniper, scalp or health, got 'moon'"),
        ({"category": None}, "category is required"),
        ({"confidence": 101}, "confidence must be in 0..100, got 101"),
        ({"entry": -1}, "entry must be a price above 0"),
        ({"lines": ["x"] * 21}, "lines must be"),
        ({"lines": ["x" * 513]}, "lines"),
        ({"signalId": "x"}, "signalId must be a UUID"),
        ({"expiryMinutes": 0}, "expiryMinutes must be minutes, above 0, got 0"),
        ({"dataQuality": "poor"}, "dataQuality must be ok, degraded or bad"),
        ({"side": "LONG"}, "side must be long or short"),
    ],
)
def test_what_the_contract_refuses_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        alert(**changes)
    assert says in str(refusal.value)


def test_no_other_event_is_an_alert() -> None:
    with pytest.raises(InvalidEvent, match="event must be signal_published or alert, got 'trade_log'"):
        alert_of("trade_log", b"{}", TWO)


def test_its_row_gives_it_back() -> None:
    for one in (
        alert(),
        published(),
        alert(lines=["🚀 'x' \\ \"y\""], sl=Decimal("0.000000000000000123")),
    ):
        assert load(dump(one)) == one


def test_of_what_was_sent_no_more_is_kept_than_a_row_should_hold() -> None:
    one = alert(more="é" * 100_000)
    assert len(one.raw) <= 16_384
    assert one.raw.decode().startswith('{"id"')


@given(
    st.dictionaries(
        st.sampled_from([*BIAS, "rr", "dataQuality", "degraded", "expiryMinutes", "refId"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(10**18), 10**18),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(max_size=9),
            st.lists(st.text(max_size=9), max_size=3),
        ),
    )
)
def test_whatever_is_sent_is_an_alert_or_refused_in_words(changes: dict[str, Any]) -> None:
    try:
        data = as_json({**BIAS, **changes})
    except (ValueError, OverflowError):
        return
    try:
        one = alert_of("alert", data, datetime(2025, 9, 15, tzinfo=UTC))
    except InvalidEvent:
        return
    assert load(dump(one)) == one
    assert one.expires_at >= one.ts  # what is shorter than a microsecond is none
