"""Weeks of numbers that no market makes and the contract accepts all the same: every figure is computed and said."""

from __future__ import annotations

import io
import json
import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.commands.terminal import print_scorecard
from reports.course import course_of
from reports.files import save
from reports.scorecard import compute, store
from reports.text.message import compose
from signaltape.terminal import Screen
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.support.book import TUESDAY, W03, Book
from tests.support.entries import accepted
from tests.support.said import said
from tests.support.samples import closed, invalidated, new_id, published, triggered

pytestmark = pytest.mark.deep

LAST_MOMENT = "2199-12-31T00:00:00Z"
MOST_MS = 2**63 - 1


def test_a_tiny_loss_beside_a_win_gives_a_report(book: Book) -> None:
    book.closed_signal(0.85, 5)
    book.closed_signal(0.85, Decimal("-1e-30"))
    card = book.card()
    assert card.figures.profit_factor == Decimal(5 * 10**30)
    assert "profit factor -" in said(compose(card)), "nobody reads a number of thirty digits"


def test_equal_outcomes_of_many_digits_have_no_spread(book: Book) -> None:
    for _ in range(3):
        book.closed_signal(0.85, Decimal(f"1.{'3' * 100}"))
    expectancy = book.card().figures.expectancy
    assert expectancy == (Decimal("1.333"), None)


def long_digits(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("0123456789", k=length))


#: from tiny to huge, short to very long, as JSON writes them
magnitudes = st.one_of(
    st.sampled_from(["0", "1", "1e-30", "1e-400", "999999", "0.5", "1e-12"]),
    st.builds(
        lambda seed, length: f"{seed % 1000}.{long_digits(seed, length)}",
        st.integers(0, 10**6),
        st.integers(1, 400),
    ),
    st.builds(lambda digits, exponent: f"{digits}e-{exponent}", st.integers(1, 10**6), st.integers(0, 390)),
).map(Decimal)
outcomes_r = st.builds(
    lambda size, sign: size.copy_abs().copy_sign(sign), magnitudes, st.sampled_from([1, -1])
)
scores = st.one_of(
    st.sampled_from(["0", "1", "0.5", "0.6", "1e-300", f"0.5{'9' * 390}", f"0.7{'0' * 380}1"]).map(Decimal),
    st.integers(0, 10**20).map(lambda digits: Decimal(digits).scaleb(-20)),
)
positive = magnitudes.filter(bool)
milliseconds = st.sampled_from([0, 1, 59_999, MOST_MS])
signals = st.fixed_dictionaries(
    {
        "score": scores,
        "target": positive,
        "outcome": st.none() | outcomes_r,
        "best": st.none() | outcomes_r,
        "fees": st.none() | outcomes_r,
        "entry": st.none() | positive,
        "sl": st.none() | positive,
        "closed_at": st.sampled_from([TUESDAY, LAST_MOMENT, "1970-01-02T00:00:00Z"]),
        "ms": milliseconds,
        "stopped": st.booleans(),
        "symbol": st.sampled_from(["S", "x" * 128, "$x_1$ \\frac{<b>", "涨\n📈"]),
        "weight": st.none() | outcomes_r,
    }
)


def write(connection: Connection, week: list[dict[str, Any]]) -> None:
    """One week of signals through the sink."""
    connection.execute(
        "TRUNCATE signals, signal_triggers, signal_invalidations, signal_closures, signal_layers, signal_events,"
        " weekly_scorecard, rules_versions"
    )
    batch = []
    for one in week:
        signal_id, symbol = new_id(), one["symbol"]
        layer = {"match": one["stopped"]} | ({"weight": one["weight"]} if one["weight"] is not None else {})
        known = {name: one[name] for name in ("entry", "sl") if one[name] is not None}
        batch.append(
            accepted(
                "signal_published",
                published(
                    signal_id,
                    symbol=symbol,
                    confluence_score=one["score"],
                    rr=one["target"],
                    ts_published=TUESDAY,
                    layers={"a": layer, "b": not one["stopped"]},
                    **known,
                ),
            )
        )
        batch.append(
            accepted("signal_triggered", triggered(signal_id, symbol=symbol, time_to_trigger_ms=one["ms"]))
        )
        if one["outcome"] is not None:
            costs = {"rr_best": one["best"], "fees_r": one["fees"]}
            fields = closed(
                signal_id,
                symbol=symbol,
                rr_realized=one["outcome"],
                time_in_trade_ms=one["ms"],
                ts_closed=one["closed_at"],
                **{name: value for name, value in costs.items() if value is not None},
            )
            batch.append(accepted("signal_closed", fields))
        elif one["stopped"]:
            batch.append(accepted("signal_invalidated", invalidated(signal_id, symbol=symbol)))
    BatchWriter(connection).write(batch)


def tell(connection: Connection, folder: Path) -> str:
    """The week through figures, tables, message, terminal and files."""
    card = compute(connection, W03)
    store(connection, card, W03.report_due + timedelta(minutes=1))
    print_scorecard(Screen(io.StringIO(), 80), card)
    _, figures = save(card, folder)
    json.loads(figures.read_text())
    return compose(card).text


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(week=st.lists(signals, max_size=6))
def test_no_week_that_the_contract_accepts_fails(
    connection: Connection, tmp_path: Path, week: list[dict[str, Any]]
) -> None:
    write(connection, week)
    text = tell(connection, tmp_path)
    assert "NaN" not in text
    assert "inf" not in text
    assert max(map(len, text.split())) <= 140, "no figure is longer than the longest name"


def hostile(**changes: Any) -> dict[str, Any]:
    usual = {"score": Decimal("0.65"), "target": 1, "outcome": 1, "best": None, "fees": None, "entry": None}
    rest = {"sl": None, "closed_at": TUESDAY, "ms": 0, "stopped": True, "symbol": "S", "weight": None}
    return {**usual, **rest, **changes}


@pytest.mark.parametrize(
    "week",
    [
        [],
        [hostile(outcome=Decimal("1e-400"))],
        [hostile(outcome=999_999), hostile(outcome=-999_999, closed_at=LAST_MOMENT, symbol="x" * 128)],
        [hostile(entry=10**14, sl=Decimal(f"{10**14}.{'0' * 380}1"), outcome=Decimal("-1e-400"), ms=MOST_MS)]
        * 3,
    ],
    ids=["empty", "tiny", "closed in 2199", "a stop beside its entry"],
)
def test_the_picture_of_any_week_is_drawn(
    connection: Connection, tmp_path: Path, week: list[dict[str, Any]]
) -> None:
    from reports.drawing.picture import draw  # matplotlib takes half a second: few tests need it

    write(connection, week)
    card = compute(connection, W03)
    png, pdf = draw(card, course_of(connection, W03), tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")
