"""What the report says of clicks, counted again by hand from the rows; the last click wins; who clicks late knew it."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.evidence.verdict import Kind
from reports.feedback.found import Feedback
from reports.scorecard import compute
from sink.db import Connection
from tests.support import recount_clicks as recount
from tests.support.alerted import TUESDAY, Alerted
from tests.support.book import W03, Book

pytestmark = pytest.mark.deep


@pytest.fixture
def alerted(connection: Connection) -> Alerted:
    return Alerted(connection)


def said(connection: Connection) -> Feedback:
    found = compute(connection, W03).feedback
    assert found is not None
    return found


def rows_of(connection: Connection) -> recount.Rows:
    """All that is stored, read as it is."""
    signals = {
        row[0]: recount.Signal(
            row[1],
            row[2],
            min(filter(None, row[3:5]), default=None),
            None if row[5] is None else Fraction(row[5]),
        )
        for row in connection.execute(
            "SELECT s.signal_id::text, ts_published, setup, ts_closed, ts_invalidated, rr_realized FROM signals s"
            " LEFT JOIN signal_closures USING (signal_id) LEFT JOIN signal_invalidations USING (signal_id)"
        )
    }
    alerts = connection.execute(
        "SELECT ref_id, signal_id::text, decision, reason, ts, decided_at FROM alerts"
    )
    clicks = connection.execute("SELECT ref_id, user_id, kind, value, ts FROM feedback ORDER BY id")
    return recount.Rows(alerts.fetchall(), clicks.fetchall(), signals)


def check(connection: Connection) -> None:
    """Every figure."""
    found, rows = said(connection), rows_of(connection)
    since, until = W03.earlier(7).since, W03.until
    assert (found.sent, found.clicked) == recount.coverage(rows, W03.since, W03.until)
    for pair, (yes, no) in ((found.thumb, ("up", "down")), (found.took, ("took", "skipped"))):
        assert (pair.n, pair.wins) == recount.side(rows, yes, since, until)
        assert (pair.other_n, pair.other_wins) == recount.side(rows, no, since, until)
        lift = recount.lift(rows, yes, no, W03.since)
        assert pair.lift == (None if lift is None else pytest.approx(lift, abs=1e-12))
    for one in found.setups:
        for vote in ("up", "down", "took", "skipped"):
            assert getattr(one, vote) == recount.side(rows, vote, W03.since, W03.until, one.name)
    held = recount.held(rows, since, until)
    told = {
        one.reason: {"held": one.held, "closed": one.closed, "sum_r": one.sum_r or 0} for one in found.held
    }
    assert told == held
    assert found.late == recount.late(rows, since, until)


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_what_the_rows_say(
    book: Book, alerted: Alerted, connection: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(90):
        at = TUESDAY - timedelta(weeks=chance.choice([-1, 0, 0, 0, 1, 3, 7, 8]), minutes=chance.randrange(99))
        signal_id = book.signal("0.72", at=at.isoformat(), setup=chance.choice(["a", "b", None]))
        ended = at + timedelta(minutes=30)
        fate = chance.random()
        if fate < 0.7:
            book.close(signal_id, Decimal(chance.randrange(-20, 20)) / 7, at=ended.isoformat())
        for _ in range(chance.choice([1, 1, 1, 2])):
            if chance.random() < 0.3:
                alerted.held(signal_id, chance.choice(["budget", "min_rr"]), at=at)
                continue
            ref = alerted.sent(signal_id, at=at)
            for _ in range(chance.choice([0, 1, 2, 5])):
                kind, values = chance.choice(
                    [("rating", ["up", "down", "none"]), ("took", ["took", "skipped", "none"])]
                )
                alerted.click(
                    ref,
                    chance.choice(values),
                    user=chance.randrange(3),
                    after_s=chance.randrange(40) * 60,
                    kind=kind,
                )
    alerted.click(alerted.sent(None, category="health"), "up")
    check(connection)


def test_without_a_desk_nothing_is_said(book: Book) -> None:
    book.closed_signal("0.72", 1)
    assert book.card().feedback is None


def test_of_some_signals_only_nothing_is_said(book: Book, alerted: Alerted, connection: Connection) -> None:
    from reports.chosen import Chosen

    alerted.click(alerted.sent(book.closed_signal("0.72", 1)), "up")
    assert compute(connection, W03, chosen=Chosen(side="long")).feedback is None


def test_several_on_one_alert_are_one_vote_and_a_tie_is_none(
    book: Book, alerted: Alerted, connection: Connection
) -> None:
    at = (TUESDAY + timedelta(hours=1)).isoformat()
    for values in (["up", "up", "down"], ["up", "down"], ["down"]):
        signal_id = book.signal("0.72")
        book.close(signal_id, 1, at=at)
        ref = alerted.sent(signal_id)
        for user, value in enumerate(values):
            alerted.click(ref, value, user=user)
    found = said(connection)
    assert (found.thumb.n, found.thumb.other_n) == (1, 1)
    assert (found.sent, found.clicked) == (3, 3)


def test_a_click_after_the_end_knew_it(book: Book, alerted: Alerted, connection: Connection) -> None:
    signal_id = book.signal("0.72")
    book.close(signal_id, 1, at=(TUESDAY + timedelta(minutes=10)).isoformat())
    ref = alerted.sent(signal_id)
    alerted.click(ref, "down", after_s=599)
    alerted.click(ref, "up", after_s=600)
    found = said(connection)
    assert (found.thumb.n, found.thumb.other_n, found.late) == (0, 1, 1)


def test_a_click_between_the_stop_and_the_closure_knew_it(
    book: Book, alerted: Alerted, connection: Connection
) -> None:
    """The chat is told of either; what comes first is the end."""
    signal_id = book.signal("0.72")
    book.invalidate(signal_id, "sl", at=(TUESDAY + timedelta(minutes=10)).isoformat())
    book.close(signal_id, -1, at=(TUESDAY + timedelta(minutes=30)).isoformat())
    alerted.click(alerted.sent(signal_id), "down", after_s=900)
    found = said(connection)
    assert (found.thumb.n, found.thumb.other_n, found.late) == (0, 0, 1)


def test_a_click_that_was_taken_back_covers_nothing(
    book: Book, alerted: Alerted, connection: Connection
) -> None:
    ref = alerted.sent(book.signal("0.72"))
    alerted.click(ref, "up")
    alerted.click(ref, "none", after_s=61)
    found = said(connection)
    assert (found.sent, found.clicked, found.coverage) == (1, 0, Decimal(0))
    assert found.thumb.kind is Kind.NOT_ENOUGH_DATA


def test_a_signal_that_went_out_by_another_alert_was_not_held_back(
    book: Book, alerted: Alerted, connection: Connection
) -> None:
    both, held = book.closed_signal("0.72", -1), book.closed_signal("0.72", -1)
    alerted.sent(both)
    alerted.held(both, "duplicate")
    alerted.held(held, "budget")
    (one,) = said(connection).held
    assert (one.reason, one.held, one.closed, one.sum_r) == ("budget", 1, 1, Decimal(-1))


def test_results_stand_beside_what_each_said(book: Book, alerted: Alerted, connection: Connection) -> None:
    ref = alerted.sent(book.closed_signal("0.72", "1.5"))
    alerted.click(ref, "up", user=5)
    alerted.click(ref, "took", user=5, kind="took", after_s=90)
    alerted.click(ref, "none", user=6)
    found = connection.execute("SELECT user_id, rating, took, outcome, rr_realized FROM feedback_results")
    assert found.fetchall() == [(5, "up", "took", "won", Decimal("1.5"))]


clicks = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(1, 2),
        st.sampled_from(
            [("rating", "up"), ("rating", "down"), ("rating", "none"), ("took", "took"), ("took", "none")]
        ),
        st.integers(0, 5),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clicks)
def test_the_last_click_wins(
    alerted: Alerted, connection: Connection, clicked: list[tuple[int, int, tuple[str, str], int]]
) -> None:
    """Against a list that is walked through: of clicks at one moment the one that was kept last."""
    with connection.transaction(force_rollback=True):
        refs = [alerted.sent(None) for _ in range(3)]
        model: dict[tuple[Any, ...], tuple[int, str]] = {}
        for ref, user, (kind, value), second in clicked:
            alerted.click(refs[ref], value, user=user, kind=kind, after_s=second)
            place = (refs[ref], user, kind)
            if second >= model.get(place, (0, ""))[0]:
                model[place] = (second, value)
        found = connection.execute("SELECT ref_id, user_id, kind, value FROM feedback_latest").fetchall()
        assert {tuple(row[:3]): row[3] for row in found} == {place: told[1] for place, told in model.items()}
        assert len(found) == len(model)
