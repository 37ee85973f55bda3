"""How large a position may be: the table, its edges, its bounds; exact, and what is missing is said."""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.policy.sizing import Sizing, SizingRules, dump, load, multiplier, size, vol_adj

TABLE = SizingRules("table", Decimal("100"))
CAPPED = SizingRules("table", Decimal("2.0"))

confidences = st.decimals(0, 100, places=6)
atrs = st.decimals(0, 50, places=6)
inflows = st.one_of(st.none(), st.decimals(-(10**12), 10**12, places=2))
bases = st.decimals("0.01", 5, places=2)
symbols = st.sampled_from([None, "BTC-USDT", "SOL-USDT", "btcusdt", "XBTUSD"])


def of(
    confidence: str | None, atr: str | None = "0.8", *, inflow: str | None = "0", symbol: str = "SOL-USDT"
) -> Sizing:
    sure, moved, flow = (None if text is None else Decimal(text) for text in (confidence, atr, inflow))
    return size(Decimal(10_000), Decimal("1.0"), sure, moved, flow, symbol, TABLE)


@pytest.mark.parametrize(
    ("confidence", "mult"),
    [
        *(("0", "0.5"), ("59.999", "0.5"), ("60", "1.0"), ("69.99", "1.0"), ("70", "1.3"), ("79.996", "1.3")),
        *(("80", "1.3"), ("80.0000000000000000000000000000000000001", "1.6"), ("85", "1.6"), ("100", "1.6")),
        (f"69.{'9' * 60}", "1.0"),
    ],
)
def test_an_edge_belongs_to_the_upper_band_but_eighty_to_the_lower(confidence: str, mult: str) -> None:
    assert multiplier(Decimal(confidence), "table") == Decimal(mult)


@pytest.mark.parametrize(
    ("atr", "vol"),
    [
        ("0", "0.8"),
        ("0.64", "0.8"),
        ("0.8", "1"),
        ("0.88", "1.1"),
        ("0.9", "1.125"),
        ("1.0", "1.25"),
        ("9", "1.25"),
    ],
)
def test_volatility_is_clamped(atr: str, vol: str) -> None:
    assert vol_adj(Decimal(atr)) == Decimal(vol)


def test_the_size_is_right_at_high_confidence_with_high_atr() -> None:
    found = of("85", "1.2")
    assert found.risk_pct == Decimal("1.0") * Decimal("1.6") * Decimal("1.25") == Decimal("2")
    assert found.risk_usd == Decimal("200.00")
    assert found.line == "base 1.0% × mult 1.6 × vol 1.25 = 2.00%"
    assert not found.capped


def test_it_is_shown_as_in_the_template() -> None:
    found = of("75", "0.88")
    assert found.line == "base 1.0% × mult 1.3 × vol 1.1 = 1.43%"
    assert found.missing == ()


def test_a_strong_inflow_lifts_bitcoin_alone() -> None:
    lifted = of("75", inflow="50000000.01", symbol="BTC-USDT")
    assert lifted.line == "base 1.0% × mult 1.3 × vol 1.0 × flow 1.1 = 1.43%"
    assert of("75", inflow="50000000", symbol="BTC-USDT").flow == 1
    assert of("75", inflow="60000000", symbol="ETH-USDT").risk_pct == Decimal("1.3")
    assert "flow" not in of("75", inflow="60000000", symbol="WBTC-USDT").line


def test_what_is_missing_is_neutral_and_said() -> None:
    nothing = size(None, Decimal("1.0"), None, None, None, "BTC-USDT", CAPPED)
    assert nothing.risk_pct == 1
    assert nothing.risk_usd is None
    assert nothing.missing == ("confidence", "ATR", "ETF flow", "equity")
    assert nothing.line == "base 1.0% = 1.00%"
    assert of("75", None).missing == ("ATR",)
    assert size(None, Decimal(1), None, None, None, None, CAPPED).missing == ("confidence", "ATR", "equity")


def test_no_size_is_above_the_cap() -> None:
    found = size(Decimal(10_000), Decimal("1.5"), Decimal(90), Decimal(2), None, "SOL", CAPPED)
    assert (found.risk_pct, found.risk_usd, found.capped) == (Decimal("2.0"), Decimal("200.00"), True)
    assert found.line == "base 1.5% × mult 1.6 × vol 1.25 = 3.00% → cap 2.0%"


def test_money_is_rounded_down() -> None:
    assert size(Decimal("999.99"), Decimal("0.333"), None, None, None, None, CAPPED).risk_usd == Decimal(
        "3.32"
    )


@given(bases, st.one_of(st.none(), confidences), st.one_of(st.none(), atrs), inflows, symbols, st.booleans())
def test_a_size_is_within_its_bounds_and_is_the_exact_product(
    base: Decimal,
    confidence: Decimal | None,
    atr: Decimal | None,
    inflow: Decimal | None,
    symbol: str | None,
    smooth: bool,
) -> None:
    rules = SizingRules("smooth" if smooth else "table", Decimal("2.0"))
    found = size(Decimal(1000), base, confidence, atr, inflow, symbol, rules)
    assert Decimal(0) <= found.risk_pct <= Decimal("2.0")
    assert found.mult <= Decimal("1.6")
    assert Decimal("0.8") <= found.vol <= Decimal("1.25")
    assert found.flow in (Decimal(1), Decimal("1.1"))
    with localcontext() as context:
        context.prec = 200
        assert min(base * found.mult * found.vol * found.flow, Decimal("2.0")) == found.risk_pct
    assert found.risk_usd is not None
    assert found.risk_usd <= 10 * found.risk_pct
    assert load(dump(found)) == found


@given(st.lists(confidences, min_size=2, max_size=2).map(sorted), atrs, st.sampled_from(["table", "smooth"]))
def test_more_confidence_is_never_a_smaller_size(two: list[Decimal], atr: Decimal, method: str) -> None:
    rules = SizingRules(method, Decimal(100))  # type: ignore[arg-type]
    low, high = (size(None, Decimal(1), one, atr, None, None, rules).risk_pct for one in two)
    assert low <= high


@given(confidences, st.lists(atrs, min_size=2, max_size=2).map(sorted))
def test_more_volatility_is_never_a_smaller_size(confidence: Decimal, two: list[Decimal]) -> None:
    low, high = (size(None, Decimal(1), confidence, one, None, None, TABLE).risk_pct for one in two)
    assert low <= high


@pytest.mark.parametrize(
    ("confidence", "mult"), [("70", "1"), ("0", "0"), ("100", "1.5342"), ("35", "0.4353")]
)
def test_smooth_is_a_power_to_four_places(confidence: str, mult: str) -> None:
    assert multiplier(Decimal(confidence), "smooth") == Decimal(mult)


def test_nobody_elses_decimal_settings_change_a_size() -> None:
    usual = of("75", "0.88")
    with localcontext() as context:
        context.prec = 2
        assert of("75", "0.88") == usual
    assert getcontext().prec > 2


def test_no_digit_is_lost_on_the_way() -> None:
    atr = Decimal(f"0.{'7' * 300}")
    found = size(None, Decimal("1.03"), Decimal(75), atr, None, None, TABLE)
    with localcontext() as context:
        context.prec = 1000
        assert found.risk_pct == Decimal("1.03") * Decimal("1.3") * atr * Decimal("1.25")


@pytest.mark.parametrize("atr", ["1E-1000", f"0.8{'0' * 900}1", "1E+15"])
def test_numbers_as_long_as_the_contract_takes_them(atr: str) -> None:
    found = of("75", atr)
    assert len(found.line) < 60
    assert found.risk_pct <= Decimal("1.625")
