"""The scorecard: every definition, held on real Postgres."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from reports.message import compose
from reports.scorecard import Scorecard, compute, store
from reports.weeks import Week, parse_week
from signaltape import Secret
from sink.db import Connection, connect
from sink.writer import BatchWriter
from tests.integration.conftest import Runner
from tests.integration.test_sink import accepted
from tests.support.samples import closed, invalidated, new_id, published, triggered

W03 = parse_week("2022-W03")
TUESDAY = "2022-01-18T10:00:00"
LABELS = ["<0.50", "0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+"]


class Book:
    """Writes signals and their outcomes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._writer = BatchWriter(connection)

    def signal(self, score: Any, *, at: str = TUESDAY, **changes: Any) -> str:
        signal_id = new_id()
        self._write(
            "signal_published", published(signal_id, confluence_score=score, ts_published=at, **changes)
        )
        return signal_id

    def close(self, signal_id: str, rr: Any, at: str = TUESDAY, **changes: Any) -> None:
        self._write("signal_closed", closed(signal_id, rr_realized=rr, ts_closed=at, **changes))

    def trigger(self, signal_id: str, after_ms: int) -> None:
        self._write(
            "signal_triggered", triggered(signal_id, time_to_trigger_ms=after_ms, ts_triggered=TUESDAY)
        )

    def invalidate(self, signal_id: str, reason: str) -> None:
        self._write("signal_invalidated", invalidated(signal_id, reason=reason, ts_invalidated=TUESDAY))

    def closed_signal(self, score: Any, rr: Any, **options: Any) -> str:
        signal_id = self.signal(score, **options)
        self.close(signal_id, rr)
        return signal_id

    def card(self, week: Week = W03) -> Scorecard:
        return compute(self._connection, week)

    def _write(self, name: str, fields: dict[str, Any]) -> None:
        self._writer.write([accepted(name, fields)])


@pytest.fixture
def book(connection: Connection) -> Book:
    return Book(connection)


def counts(card: Scorecard) -> dict[str, tuple[int, int]]:
    return {one.label: (one.n, one.wins) for one in card.bins}


@pytest.mark.parametrize(
    ("score", "label"),
    [
        ("0", "<0.50"),
        ("0.4999", "<0.50"),
        ("0.49999999999999999999", "<0.50"),
        ("0.5", "0.50-0.59"),
        ("0.50", "0.50-0.59"),
        ("0.5999", "0.50-0.59"),
        ("0.6", "0.60-0.69"),
        ("0.7", "0.70-0.79"),
        ("0.798", "0.70-0.79"),
        ("0.79996", "0.70-0.79"),
        ("0.7999", "0.70-0.79"),
        ("0.8", "0.80+"),
        ("1", "0.80+"),
    ],
)
def test_lower_edges_are_inclusive_on_the_exact_score(book: Book, score: str, label: str) -> None:
    book.closed_signal(Decimal(score), 1)
    assert [one.label for one in book.card().bins if one.n] == [label]


@pytest.mark.parametrize(
    ("at", "monday"),
    [
        ("2022-01-17T00:00:00+07:00", date(2022, 1, 17)),
        ("2022-01-23T23:59:59.999+07:00", date(2022, 1, 17)),
        ("2022-01-23T23:59:59.999999", date(2022, 1, 17)),
        ("2022-01-24T00:00:00+07:00", date(2022, 1, 24)),
        ("2022-01-23T16:59:59.999Z", date(2022, 1, 17)),
        ("2022-01-23T17:00:00Z", date(2022, 1, 24)),
        ("2022-01-16T17:00:00Z", date(2022, 1, 17)),
        ("2022-01-16T23:59:59.999", date(2022, 1, 10)),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Jakarta", "UTC", "America/New_York"])
def test_a_signal_belongs_to_the_wib_week_of_its_publication_whatever_the_sessions_zone(
    book: Book, connection: Connection, at: str, monday: date, zone: str
) -> None:
    book.closed_signal(0.85, 1, at=at)
    connection.execute(f"SET TIME ZONE '{zone}'".encode())
    mondays = (date(2022, 1, day) for day in (3, 10, 17, 24, 31))
    weeks = {first: book.card(Week(first)).published for first in mondays}
    assert [first for first, n in weeks.items() if n] == [monday]


def test_a_session_in_another_zone_counts_duplicates_by_the_wib_day(
    book: Book, connection: Connection
) -> None:
    connection.execute("SET TIME ZONE 'America/New_York'")
    entry = accepted("signal_closed", closed(ts_closed="2022-01-17T00:30:00+07:00"))
    BatchWriter(connection).write([entry])
    BatchWriter(connection).write([entry])
    row = connection.execute("SELECT day, duplicates FROM duplicate_counts").fetchone()
    assert row == (date(2022, 1, 17), 1)
    assert book.card().quality.duplicates == 1


def test_a_win_is_more_than_zero_r(book: Book) -> None:
    for rr in ("0.0001", 0, "-0.0001", -1, 1.9):
        book.closed_signal(0.85, Decimal(str(rr)))
    assert counts(book.card())["0.80+"] == (5, 2)


def test_empty_bins_have_no_winrate_and_never_zero(book: Book) -> None:
    card = book.card()
    assert [one.label for one in card.bins] == LABELS
    assert all(one.winrate is None and one.winrate_all is None and one.n == 0 for one in card.bins)
    assert card.monotonic_ok
    text = compose(card).text
    assert text.count("n=0, winrate=-") == 5
    assert "Monotonicity: - (fewer than two bins with closed signals)" in text
    assert "Signals: none" in text


def test_winrates_have_three_decimals_rounded_as_numeric_does(book: Book) -> None:
    for number in range(16):
        book.closed_signal(0.55, 1 if number < 1 else -1)  # 1/16 = 0.0625
    for number in range(3):
        book.closed_signal(0.65, 1 if number < 2 else -1)
    rates = {one.label: one.winrate for one in book.card().bins}
    assert rates["0.50-0.59"] == Decimal("0.063")
    assert rates["0.60-0.69"] == Decimal("0.667")


def test_stop_losses_without_closure_stand_beside_the_winrate(book: Book) -> None:
    for rr in (1, 1, -1):
        book.closed_signal(0.85, rr)
    book.invalidate(book.signal(0.85), "sl")
    book.invalidate(book.signal(0.85), "expiry")
    book.invalidate(book.signal(0.85), "hard_invalidate")
    both = book.closed_signal(0.85, 1)
    book.invalidate(both, "sl")  # it has a closure: counted there, not as a hidden loss
    top = book.card().bins[-1]
    assert (top.n, top.wins, top.sl, top.open) == (4, 3, 1, 0)
    assert (top.winrate, top.winrate_all) == (Decimal("0.750"), Decimal("0.600"))
    assert "• 0.80+: n=4, winrate=0.750 (sl=1, winrate_all=0.600)" in compose(book.card()).text


def test_only_hidden_stop_losses(book: Book) -> None:
    book.invalidate(book.signal(0.55), "sl")
    one = book.card().bins[1]
    assert (one.n, one.winrate, one.winrate_all) == (0, None, Decimal("0.000"))


def test_monotonic_looks_at_non_empty_bins_in_order_and_compares_exactly(book: Book) -> None:
    def fill(score: float, wins: int, n: int) -> None:
        for number in range(n):
            book.closed_signal(score, 1 if number < wins else -1)

    fill(0.3, 1, 2)
    fill(0.75, 1, 2)
    assert book.card().monotonic_ok, "equal is not below"
    fill(0.9, 49, 99)  # 0.4949… rounds to 0.495, below 0.5
    card = book.card()
    assert not card.monotonic_ok
    assert card.broken_by is not None
    assert [one.label for one in card.broken_by] == ["0.70-0.79", "0.80+"]
    assert "Monotonicity: ❌ Broken (0.80+: 49/99 is below 0.70-0.79: 1/2)" in compose(card).text


def test_a_late_closure_counts_for_the_week_of_its_publication(book: Book) -> None:
    late = book.signal(0.85)
    assert book.card().still_open == 1
    assert "Data quality: still open 1" in compose(book.card()).text
    book.close(late, 1, at="2022-02-20T10:00:00")
    assert counts(book.card())["0.80+"] == (1, 1)
    assert book.card().still_open == 0


def test_the_data_quality_line_is_there_only_when_something_is_not_zero(
    book: Book, connection: Connection
) -> None:
    book.closed_signal(0.85, 1)
    assert "Data quality" not in compose(book.card()).text
    writer = BatchWriter(connection)
    orphan = accepted("signal_triggered", triggered(ts_triggered=TUESDAY))
    writer.write([orphan])
    writer.write([orphan, orphan])
    contradiction = accepted(
        "signal_triggered", triggered(str(orphan.decoded.signal_id), ts_triggered=TUESDAY, entry_fill=1)
    )
    writer.write([contradiction])
    connection.execute(
        "INSERT INTO dead_letters (stream, entry_id, raw, fields, reason, entry_ts)"
        " VALUES ('s', '1-1', '', '', 'r', '2022-01-18 10:00+07')"
    )
    line = compose(book.card()).text.splitlines()[-1]
    assert line == "Data quality: orphans 1, dead letters 1, duplicates 2, conflicts 1"


def test_closed_before_published_from_two_workers_at_the_same_moment(book: Book, database: Secret) -> None:
    ids = [new_id() for _ in range(50)]
    barrier = threading.Barrier(2)

    def work(name: str) -> None:
        with connect(database) as own:
            barrier.wait()
            for one in ids:
                fields = (
                    closed(one, ts_closed=TUESDAY)
                    if name == "signal_closed"
                    else published(one, ts_published=TUESDAY)
                )
                BatchWriter(own).write([accepted(name, fields)])

    threads = [threading.Thread(target=work, args=(name,)) for name in ("signal_closed", "signal_published")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    card = book.card()
    assert counts(card)["0.80+"] == (50, 50)
    assert card.quality.orphans == 0


def test_it_is_stored_once_per_monday_with_all_five_bins(book: Book, connection: Connection) -> None:
    for number in range(12):
        book.closed_signal(0.85, 1 if number < 8 else -1)
    book.invalidate(book.signal(0.85), "sl")
    for _ in range(2):
        store(connection, book.card())
    ((monday, bins, monotonic_ok),) = connection.execute(
        "SELECT week_start, bins, monotonic_ok FROM weekly_scorecard"
    ).fetchall()
    assert monday == date(2022, 1, 17)
    assert monotonic_ok
    assert sorted(bins) == sorted(LABELS)
    assert bins["0.80+"] == {"n": 12, "wins": 8, "winrate": 0.667, "sl": 1, "winrate_all": 0.615}
    assert bins["<0.50"] == {"n": 0, "wins": 0, "winrate": None, "sl": 0, "winrate_all": None}
    book.closed_signal(0.85, 1)
    store(connection, book.card())
    row = connection.execute("SELECT bins->'0.80+'->>'n' FROM weekly_scorecard").fetchone()
    assert row == ("13",)


def test_names_from_outside_are_only_text(book: Book) -> None:
    evil = "ib_20250915_0733_*BTC*[x](http://y)<b>&amp;"
    book.closed_signal(0.85, 1, symbol=evil, rules_version="v_1*[2]")
    message = compose(book.card())
    assert f"Signals: 1 ({evil}), rules v_1*[2]" in message.text
    assert [entity.type for entity in message.entities] == ["bold"]
    assert message.text[message.entities[0].offset :].startswith("📊 Weekly Scorecard")


def test_the_command_prints_stores_and_saves(book: Book, runner: Runner, tmp_path: Path) -> None:
    book.closed_signal(0.72, 1)
    code, out, err = runner.run(
        "reports", "scorecard", "--week", "2022-W03", "--send", "--out", str(tmp_path)
    )
    assert code == 0, err
    assert "2022-01-17 – 2022-01-23 WIB" in out
    assert "• 0.70-0.79: n=1, winrate=1.000" in out
    assert "not sent: set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID" in out
    saved = json.loads((tmp_path / "scorecard-2022-W03.json").read_text())
    assert saved["bins"]["0.70-0.79"]["winrate"] == 1
    assert "• 0.70-0.79: n=1, winrate=1.000" in (tmp_path / "scorecard-2022-W03.txt").read_text()
    code, _, err = runner.run("reports", "scorecard", "--week", "2022-03")
    assert code == 2
    assert "a week looks like 2022-W03" in err


def test_every_figure_can_be_recomputed_from_the_events_alone(book: Book, connection: Connection) -> None:
    scores = ["0.31", "0.5", "0.598", "0.61", "0.6999", "0.70", "0.77", "0.8", "0.93"]
    for number in range(90):
        signal_id = book.signal(Decimal(scores[number % 9]))
        if number % 4 == 0:
            book.invalidate(signal_id, ["sl", "expiry"][number % 8 // 4])
        else:
            book.close(signal_id, Decimal(number % 7 - 3) / 2)
    events = connection.execute("SELECT event, payload::text FROM signal_events").fetchall()
    expected = {label: [0, 0, 0] for label in LABELS}
    told: dict[str, dict[str, Any]] = {}
    for name, payload in events:
        fields = json.loads(payload, parse_float=Decimal)
        told.setdefault(fields["signal_id"], {})[name] = fields
    for life in told.values():
        score = Fraction(life["signal_published"]["confluence_score"])
        label = LABELS[sum(score >= Fraction(edge, 10) for edge in (5, 6, 7, 8))]
        if "signal_closed" in life:
            expected[label][0] += 1
            expected[label][1] += life["signal_closed"]["rr_realized"] > 0
        elif life.get("signal_invalidated", {}).get("reason") == "sl":
            expected[label][2] += 1
    assert {one.label: [one.n, one.wins, one.sl] for one in book.card().bins} == expected


def test_weeks() -> None:
    assert W03.since == datetime(2022, 1, 16, 17, 0, tzinfo=UTC)
    assert W03.until == datetime(2022, 1, 23, 17, 0, tzinfo=UTC)
    assert W03.report_due == datetime(2022, 1, 23, 16, 59, tzinfo=UTC)
    assert W03.name == "2022-W03"


def test_the_weeks_figures_can_be_recomputed_from_the_events_alone(
    book: Book, connection: Connection
) -> None:
    for number in range(40):
        signal_id = book.signal(Decimal(number % 10) / 10, rr=Decimal("1.8"), setup=["a", "b"][number % 2])
        if number % 5 == 0:
            book.invalidate(signal_id, "expiry")
            continue
        book.trigger(signal_id, 1000 * number)
        if number % 7:
            book.close(signal_id, Decimal(number % 9 - 4) / 3)
    told: dict[str, dict[str, Any]] = {}
    for name, payload in connection.execute("SELECT event, payload::text FROM signal_events").fetchall():
        fields = json.loads(payload, parse_float=Decimal, parse_int=Decimal)
        told.setdefault(fields["signal_id"], {})[name] = fields
    lives = list(told.values())
    closed_lives = [life for life in lives if "signal_closed" in life]
    outcomes = [Fraction(life["signal_closed"]["rr_realized"]) for life in closed_lives]
    scores = [Fraction(life["signal_published"]["confluence_score"]) for life in closed_lives]
    waits = sorted(
        life["signal_triggered"]["time_to_trigger_ms"] for life in lives if "signal_triggered" in life
    )

    def rounded(value: Fraction) -> Decimal:
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.001"))

    found = book.card().figures
    assert found.expectancy is not None
    assert found.expectancy.mean_r == rounded(sum(outcomes, Fraction(0)) / len(outcomes))
    won, lost = sum(r for r in outcomes if r > 0), -sum(r for r in outcomes if r < 0)
    assert found.profit_factor == rounded(Fraction(won) / Fraction(lost))
    assert found.trigger_rate == rounded(Fraction(len(waits), 40))
    assert found.expiry_rate == rounded(Fraction(8, 40))
    assert found.target_r == Decimal("1.800")
    misses = [((r > 0) - score) ** 2 for r, score in zip(outcomes, scores, strict=True)]
    assert found.brier == rounded(sum(misses, Fraction(0)) / len(misses))
    middle = len(waits) // 2
    assert found.median_to_trigger_ms == float(waits[middle - 1] + waits[middle]) / 2
    by_setup = {group.name: group.closed for group in found.groups if group.kind == "setup"}
    assert sum(by_setup.values()) == len(outcomes)
    assert set(by_setup) == {"a", "b"}


def test_the_interval_of_the_expectancy_is_students_t(book: Book) -> None:
    for rr in (1, 2, 3):
        book.closed_signal(0.85, rr)
    expectancy = book.card().figures.expectancy
    assert expectancy is not None
    assert expectancy.interval_r is not None
    half = 4.302652729911275 / 3**0.5  # t(0.975; 2) times the standard error of 1, 2, 3
    assert expectancy.interval_r == pytest.approx((2 - half, 2 + half))
    assert "Expectancy: +2.000 R (-0.48 … +4.48), target 1.90 R" in compose(book.card()).text


def test_a_week_without_a_closed_signal_says_only_what_it_knows(book: Book) -> None:
    book.invalidate(book.signal(0.85), "expiry")
    text = compose(book.card()).text
    assert "Expectancy" not in text
    assert "Triggered 0%, expired 100%" in text
    assert "Verdict (8 weeks): ⏳ NOT ENOUGH DATA" in text


def test_the_qa_sample_is_spread_over_the_bins_and_the_same_for_everybody(
    book: Book, runner: Runner, tmp_path: Path
) -> None:
    for number in range(60):
        book.closed_signal(0.85, 1, symbol="=cmd()" if number == 0 else f"S{number}")
    for _ in range(3):
        book.closed_signal(0.55, -1)
    drawn = []
    for folder in ("a", "b"):
        command = ("reports", "qa", "--week", "2022-W03", "--size", "20", "--out", str(tmp_path / folder))
        code, out, err = runner.run(*command)
        assert code == 0, err
        assert out.startswith("drew 20 signal(s) of 2022-W03")
        drawn.append((tmp_path / folder / "qa-2022-W03.csv").read_text())
    assert drawn[0] == drawn[1]
    sample = json.loads((tmp_path / "a" / "qa-2022-W03.json").read_text())
    assert [row["bin"] for row in sample] == ["0.50-0.59"] * 3 + ["0.80+"] * 17, "a thin bin is taken whole"
    code, out, _ = runner.run("reports", "qa", "--week", "2022-W03", "--out", str(tmp_path / "all"))
    assert out.startswith("drew 63 signal(s)")
    table = (tmp_path / "all" / "qa-2022-W03.csv").read_text()
    assert "'=cmd()" in table
    assert "2022-01-18 10:00:00+07:00" in table


def test_break_even_and_net_outcome_of_a_round_trip(book: Book) -> None:
    """A 0.35 % stop at 0.10 % costs 0.29 R, which moves break-even at RR 1.9 from 34 % to 44 %."""
    for rr in (Decimal("1.9"), -1):
        book.closed_signal(0.85, rr, entry=100, sl=Decimal("99.65"))
    top = book.card().bins[-1]
    assert top.break_even == Decimal("0.443")
    assert (top.n_net, top.wins_net, top.net_r) == (2, 1, Decimal("0.164"))
    assert compose(book.card()).text.count("• 0.80+: n=2, winrate=0.500, break-even 0.44, net +0.16 R") == 1
    assert book.card().bins[0].break_even is None


def test_fees_as_sent_win_over_the_estimate_and_unknown_costs_are_not_invented(book: Book) -> None:
    signal_id = book.signal(0.85, entry=100, sl=99)
    book.close(signal_id, Decimal("0.2"), fees_r=Decimal("0.3"))
    book.closed_signal(0.85, 1)
    top = book.card().bins[-1]
    assert (top.n, top.wins, top.n_net, top.wins_net, top.net_r) == (2, 2, 1, 0, Decimal("-0.100"))


def test_ties_make_the_winrate_a_range_and_a_verdict_must_hold_at_both_ends(book: Book) -> None:
    def fill(score: float, wins: int, ties: int, losses: int) -> None:
        for number in range(wins + ties + losses):
            signal_id = book.signal(score)
            best = Decimal("1.9") if wins <= number < wins + ties else None
            book.close(signal_id, 1 if number < wins else -1, rr_best=best)

    fill(0.55, 30, 30, 20)
    fill(0.85, 55, 0, 25)
    card = book.card()
    assert "• 0.50-0.59: n=80, winrate=0.375–0.750" in compose(card).text
    assert card.verdict.kind == "NOT ENOUGH DATA", "OK with the stop first, not with the target first"
