"""The scorecard: every definition, held on real Postgres."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from reports.scorecard import Scorecard, store
from reports.text.message import compose
from reports.weeks import Week
from signaltape import Secret
from sink.db import Connection, connect
from sink.write.writer import BatchWriter
from tests.integration.conftest import Runner
from tests.support.book import LABELS, TUESDAY, W03, Book
from tests.support.entries import accepted
from tests.support.said import said
from tests.support.samples import closed, new_id, published, triggered


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


#: When a signal was published, and the Monday of its week in WIB.
MONDAYS = {
    "2022-01-17T00:00:00+07:00": date(2022, 1, 17),
    "2022-01-23T23:59:59.999+07:00": date(2022, 1, 17),
    "2022-01-23T23:59:59.999999": date(2022, 1, 17),
    "2022-01-24T00:00:00+07:00": date(2022, 1, 24),
    "2022-01-23T16:59:59.999Z": date(2022, 1, 17),
    "2022-01-23T17:00:00Z": date(2022, 1, 24),
    "2022-01-16T17:00:00Z": date(2022, 1, 17),
    "2022-01-16T23:59:59.999": date(2022, 1, 10),
}


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "UTC", "America/New_York"])
def test_a_signal_belongs_to_the_wib_week_of_its_publication_whatever_the_sessions_zone(
    book: Book, connection: Connection, zone: str
) -> None:
    for at in MONDAYS:
        book.closed_signal(0.85, 1, at=at, symbol=at)
    connection.execute(f"SET TIME ZONE '{zone}'".encode())
    mondays = (date(2022, 1, day) for day in (3, 10, 17, 24, 31))
    found = [(at, first) for first in mondays for at in book.card(Week(first)).symbols]
    assert sorted(found) == sorted(MONDAYS.items())


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
    text = said(compose(card))
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
    assert "• 0.80+: n=4, winrate=0.750 (sl=1, winrate_all=0.600)" in said(compose(book.card()))


def test_only_hidden_stop_losses(book: Book) -> None:
    book.invalidate(book.signal(0.55), "sl")
    one = book.card().bins[1]
    assert (one.n, one.winrate, one.winrate_all) == (0, None, Decimal("0.000"))


def test_monotonic_looks_at_non_empty_bins_in_order_and_compares_exactly(book: Book) -> None:
    def fill(score: float, wins: int, n: int) -> None:
        with book.at_once():
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
    assert "Monotonicity: ❌ Broken (0.80+: 49/99 is below 0.70-0.79: 1/2)" in said(compose(card))


def test_a_late_closure_counts_for_the_week_of_its_publication(book: Book) -> None:
    late = book.signal(0.85)
    assert book.card().still_open == 1
    assert said(compose(book.card())).endswith("Data quality still open 1")
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
    line = "Data quality orphans 1, dead letters 1, duplicates 2, conflicts 1"
    assert said(compose(book.card())).endswith(line)


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
        store(connection, book.card(), datetime.now(UTC))
    ((monday, bins, monotonic_ok),) = connection.execute(
        "SELECT week_start, bins, monotonic_ok FROM weekly_scorecard"
    ).fetchall()
    assert monday == date(2022, 1, 17)
    assert monotonic_ok
    assert sorted(bins) == sorted(LABELS)
    assert bins["0.80+"] == {"n": 12, "wins": 8, "winrate": 0.667, "sl": 1, "winrate_all": 0.615}
    assert bins["<0.50"] == {"n": 0, "wins": 0, "winrate": None, "sl": 0, "winrate_all": None}
    book.closed_signal(0.85, 1)
    store(connection, book.card(), datetime.now(UTC))
    row = connection.execute("SELECT bins->'0.80+'->>'n' FROM weekly_scorecard").fetchone()
    assert row == ("13",)


def test_names_from_outside_are_only_text(book: Book) -> None:
    evil = "ib_20250915_0733_*BTC*[x](http://y)<b>&amp;"
    book.closed_signal(0.85, 1, symbol=evil, rules_version="v_1*[2]")
    message = compose(book.card())
    assert f"Signals: 1 ({evil}), rules v_1*[2]" in said(message)
    assert {entity.type for entity in message.entities} == {"bold", "pre", "expandable_blockquote"}
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
    code, out, err = runner.run(
        "reports", "scorecard", "--week", "2022-W03", "--json", "--send", "--out", str(tmp_path)
    )
    assert (code, json.loads(out)) == (0, saved), "nothing but JSON on standard output"
    assert f"saved {tmp_path}" in err
    assert "not sent: " in err
    code, _, err = runner.run("reports", "scorecard", "--week", "2022-03")
    assert code == 2
    assert "a week looks like 2022-W03" in err


def test_weeks() -> None:
    assert W03.since == datetime(2022, 1, 16, 17, 0, tzinfo=UTC)
    assert W03.until == datetime(2022, 1, 23, 17, 0, tzinfo=UTC)
    assert W03.report_due == datetime(2022, 1, 23, 16, 59, tzinfo=UTC)
    assert W03.name == "2022-W03"
