"""The rules of the scorecard stand in the view `signal_outcomes`, and nowhere else."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reports.bins import read_bins
from sink.db import Connection
from tests.support.book import Book

_REPORTS = Path(__file__).parents[2] / "reports" / "sql"
#: What a query would hold that told a rule again: edges of bins, what counts as won, what a trade costs.
_A_RULE = re.compile(r"0\.[678]\b|rr_realized > 0|rr_best|fees_r|round_trip_pct\(\)|reason.{1,30}'sl'")
_TINY = Decimal("1E-30")

scores = st.one_of(
    st.decimals(0, 1, allow_nan=False),
    st.sampled_from([Decimal(n) / 10 + step for n in range(11) for step in (-_TINY, Decimal(0), _TINY)]),
)


def test_no_query_of_the_reports_tells_a_rule_again() -> None:
    told = {
        path.name: found
        for path in sorted(_REPORTS.glob("*.sql"))
        if (found := _A_RULE.findall(path.read_text()))
    }
    assert not told


def test_a_score_lies_in_the_same_bin_here_and_in_postgres(connection: Connection) -> None:
    query = b"SELECT score_bin(%(score)s), score_bin_name(score_bin(%(score)s))"

    bins = read_bins(connection)

    @given(scores)
    def check(score: Decimal) -> None:
        number = bins.place(score)
        assert connection.execute(query, {"score": score}).fetchone() == (number, bins.labels[number])

    check()


def test_the_edges_of_the_bins_stand_in_no_python() -> None:
    told = re.compile(r"0\.60?\b.*0\.7|0\.50-0\.59|<0\.50")
    rooms = _REPORTS.parent, _REPORTS.parents[1] / "web"
    for path in sorted(path for room in rooms for path in room.rglob("*.py")):
        code = [line for line in path.read_text().splitlines() if told.search(line)]
        assert not code, path.name


def test_each_signal_has_one_row_with_what_became_of_it(connection: Connection, book: Book) -> None:
    book.signal("0.45")
    book.closed_signal("0.55", "1.5")
    book.closed_signal("0.65", "-1")
    book.invalidate(book.signal("0.75"), "sl")
    book.invalidate(book.signal("0.85"), "expiry")
    rows = connection.execute(
        b"SELECT bin, closed, won, stopped, open, ends IS NULL FROM signal_outcomes ORDER BY bin"
    )
    assert rows.fetchall() == [
        (0, False, False, False, True, True),
        (1, True, True, False, False, False),
        (2, True, False, False, False, False),
        (3, False, False, True, False, False),
        (4, False, False, False, False, False),
    ]


def test_what_a_round_trip_costs_is_set_for_one_transaction_and_gone_after_it(
    connection: Connection, book: Book
) -> None:
    book.closed_signal("0.55", "1.5", entry=100, sl=98)
    query = b"SELECT cost_r, net_r FROM signal_outcomes"
    assert connection.execute(query).fetchone() == (None, None)
    with connection.transaction():
        connection.execute(b"SELECT set_config('signaltape.round_trip_pct', '0.1', TRUE)")
        cost_r, net_r = connection.execute(query).fetchone() or (None, None)
    assert (cost_r, net_r) == (Decimal("0.05"), Decimal("1.45"))
    assert connection.execute(query).fetchone() == (None, None)
