"""The course of a week: all of it where few signals closed, as much as is drawn where very many did."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from reports.course import NO_COURSE, Course, Point, course_of
from signaltape.clock import WIB
from sink.db import Connection
from tests.support.book import W03, Book

MANY = 9_000
#: Filled by Postgres itself: signals of one week, each closed a minute behind the one before.
_SIGNALS = """
INSERT INTO signals (signal_id, symbol, side, confluence_score, rr_target, expiry_minutes, rules_version, ts_published)
SELECT gen_random_uuid(), 'BTC-PERP', 'long', 0.6, 2, 30, 'r', %(since)s + n * interval '1 minute'
FROM generate_series(0, %(count)s - 1) n"""
_CLOSURES = """
INSERT INTO signal_closures (signal_id, symbol, ts_closed, rr_realized, time_in_trade_ms, exit_reason)
SELECT signal_id, symbol, ts_published, round((random() * 4 - 1.7)::numeric, 3), 1, 'tp' FROM signals"""
_ALL = """
SELECT ts_closed, sum(rr_realized) OVER (ORDER BY ts_closed, signal_id) FROM signal_closures ORDER BY 1, signal_id"""


def day_of(point: Point) -> Any:
    return point.at.astimezone(WIB).date()


def ends(points: list[Point]) -> list[Point]:
    return [list(some)[-1] for _, some in groupby(points, day_of)]


def test_of_very_many_the_edges_and_the_ends_of_days_stay(connection: Connection) -> None:
    connection.execute(_SIGNALS, {"since": W03.since, "count": MANY})
    connection.execute(_CLOSURES)
    every = [Point(*row) for row in connection.execute(_ALL).fetchall()]
    course = course_of(connection, W03)
    assert len(every) == MANY
    assert 1_000 < len(course.points) < 2_100
    assert set(course.points) <= set(every)
    assert ends(course.points) == ends(every)
    totals = [one.total_r for one in every]
    drawn = [one.total_r for one in course.points]
    assert (max(drawn), min(drawn), drawn[-1]) == (max(totals), min(totals), totals[-1])
    assert course.points[0] == every[0]


def test_of_few_all_are_there(connection: Connection) -> None:
    book, rrs = Book(connection), [Decimal(one) for one in ("1.65", "-1", "0", "-1", "2.001", "-0.4", "1")]
    for number, rr in enumerate(rrs):
        at = (W03.since + timedelta(hours=20 * number)).isoformat()
        book.close(book.signal("0.65" if number % 2 else "0.85", at=at), rr, at=at)
    course = course_of(connection, W03)
    assert [one.total_r for one in course.points] == [sum(rrs[: n + 1]) for n in range(len(rrs))]
    assert {one.bin: (one.n, one.winrate) for one in course.bins} == {4: (4, 0.75), 2: (3, 0.0)}
    assert {one.bin: one.mean_score for one in course.bins} == {4: 0.85, 2: 0.65}


def test_a_week_without_a_closed_signal_has_none(connection: Connection) -> None:
    Book(connection).signal("0.5")
    assert course_of(connection, W03) == NO_COURSE == Course([], [])
