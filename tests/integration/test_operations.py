"""What pages and bots call: pages of dead letters, guards, and work that tells how far it is and can be stopped."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

import sink.operations
from consumer.accepted import Outcome
from consumer.decoding.dead_fields import pack_fields
from replay.operations.playing import steer
from replay.operations.sessions import build_session, list_sessions
from reports.operations import rules
from reports.operations.deliveries import list_deliveries, resend
from reports.operations.scorecards import scorecard
from reports.weeks import parse_week
from signaltape import Settings
from signaltape.clock import utc_now
from signaltape.errors import InvalidRequest, NotAllowedNow, NotFound, Stopped
from signaltape.replay import SessionError
from sink import dead_letters
from sink.db import Connection
from sink.dead_letters import Filter
from tests.integration.draining import add_lives, drain
from tests.integration.test_requeue import BURY
from tests.integration.test_rules import PROPOSED, write_weeks
from tests.support.archived import DAY, record, write
from tests.support.book import W03
from tests.support.samples import as_json, closed
from worker import operations

NAMED = pack_fields({b"event": b"signal_closed"})


@pytest.fixture
def seven(key: str, connection: Connection) -> list[int]:
    """Seven dead letters; their ids, newest first."""
    for number in range(7):
        entry = (key, f"1642395600000-{number}", "signal_closed", as_json(closed()), NAMED)
        connection.execute(BURY, entry)
    rows = connection.execute("SELECT id FROM dead_letters ORDER BY id DESC").fetchall()
    return [row[0] for row in rows]


@pytest.fixture
def by_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three letters are a transaction."""
    monkeypatch.setattr("sink.dead_letters._CHUNK", 3)


def test_pages_of_letters_hold_each_once_whatever_goes_meanwhile(
    settings: Settings, seven: list[int]
) -> None:
    found, below = [], None
    while True:
        page = operations.list_dead_letters(settings, limit=3, below=below)
        found += [one.id for one in page.letters]
        below = page.next_below
        if below is None:
            break
        operations.drop_dead_letters(settings, Filter(ids=[found[-1]]))
    assert found == seven
    assert operations.list_dead_letters(settings).total == 5


def test_all_that_match_are_counted_without_reading_a_page(settings: Settings, seven: list[int]) -> None:
    assert operations.count_dead_letters(settings)[:2] == (7, seven[0])
    assert operations.count_dead_letters(settings, Filter(event="signal_closed", ids=seven[1:3]))[:2] == (
        2,
        seven[1],
    )
    assert operations.count_dead_letters(settings, Filter(reason="another"))[:2] == (0, 0)


def test_one_many_and_all_that_match_go_through_again(settings: Settings, key: str, seven: list[int]) -> None:
    assert operations.requeue_dead_letters(settings, Filter(ids=seven[:1])).requeued == 1
    assert operations.requeue_dead_letters(settings, Filter(ids=seven[:3])).requeued == 2
    assert operations.requeue_dead_letters(settings, Filter(reason="a bug")).requeued == 4
    assert drain(settings, key) == Outcome(stored=7)


def test_no_filter_takes_nothing_in_the_statement_itself(
    settings: Settings, connection: Connection, seven: list[int]
) -> None:
    assert dead_letters.take_all(connection, Filter(), lambda few: few) == 0
    assert operations.count_dead_letters(settings).letters == 7
    for take in (operations.drop_dead_letters, operations.requeue_dead_letters):
        with pytest.raises(InvalidRequest):
            take(settings, Filter())
    assert operations.drop_dead_letters(settings, Filter(ids=[])) == 0
    assert operations.drop_dead_letters(settings, Filter(), everything=True) == 7


def test_requeueing_tells_how_far_it_is_and_stops_between_two_transactions(
    settings: Settings, seven: list[int], by_three: None
) -> None:
    told: list[int] = []
    stop = threading.Event()

    def tell(done: int) -> None:
        told.append(done)
        if done == 6:
            stop.set()

    done = operations.requeue_dead_letters(settings, Filter(reason="a bug"), progress=tell, stop=stop)
    assert (done.requeued, told) == (6, [3, 6])
    assert [one.id for one in operations.list_dead_letters(settings).letters] == seven[:1]


def test_letters_that_come_among_those_shown_are_not_touched(
    settings: Settings, connection: Connection, key: str, seven: list[int], by_three: None
) -> None:
    """As one does that had its id before, and is committed while the others are taken."""
    connection.execute("DELETE FROM dead_letters WHERE id = %s", (seven[2],))
    shown = operations.count_dead_letters(settings)
    assert shown[:2] == (6, seven[0])

    def come_late(done: int) -> None:
        if done == 3:
            connection.execute(
                "INSERT INTO dead_letters (id, stream, entry_id, raw, reason, entry_ts) OVERRIDING SYSTEM VALUE"
                " VALUES (%s, %s, '9-9', '', 'late', now())",
                (seven[2], key),
            )

    done = operations.drop_dead_letters(settings, Filter(), everything=True, shown=shown, progress=come_late)
    assert done == 6
    assert operations.count_dead_letters(settings)[:2] == (1, seven[2])
    with pytest.raises(NotAllowedNow, match="no more the 6 letters that were shown: nothing was done"):
        operations.requeue_dead_letters(settings, Filter(), everything=True, shown=shown)


def test_a_letter_that_is_not_there_is_not_found(settings: Settings) -> None:
    with pytest.raises(NotFound, match="there is no dead letter 1"):
        operations.show_dead_letter(settings, 1)


def test_a_rebuild_that_is_stopped_changes_nothing(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    add_lives(redis_client, key, 5)
    drain(settings, key)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped, match="the tables are as they were"):
        sink.operations.rebuild(settings, stop=stop)
    assert sink.operations.check(settings).agree
    assert sink.operations.rebuild(settings) == 20
    assert sink.operations.purge(settings, uuid4()) == 0


def test_a_build_that_is_stopped_leaves_no_session(settings: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(settings, data=tmp_path)
    write(settings.data, [record("order_log")])
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        build_session(settings, DAY, utc_now(), source="archive", stop=stop)
    assert list_sessions(settings) == []
    manifest = build_session(settings, DAY, utc_now(), source="archive").manifest
    assert [one.session_id for one in list_sessions(settings)] == [manifest.session_id]
    with pytest.raises(SessionError, match="is not being replayed"):
        steer(settings, manifest.session_id, "pause")


def test_what_reports_hold_is_told_by_kind_of_error(settings: Settings) -> None:
    found = scorecard(settings, utc_now(), parse_week("2022-W03"))
    assert not found.so_far
    assert list_deliveries(settings) == []
    assert rules.list_rules(settings) == []
    with pytest.raises(NotAllowedNow, match="message 7 is not uncertain, failed or expired"):
        resend(settings, 7, utc_now())
    with pytest.raises(NotFound, match="there is no version v"):
        rules.accept_rules(settings, "v")
    with pytest.raises(InvalidRequest, match="has not begun"):
        scorecard(settings, utc_now(), parse_week("2199-W01"), to_send=True)


def test_weights_are_proposed_decided_on_once_and_exported(
    settings: Settings, connection: Connection
) -> None:
    write_weeks(connection)
    with pytest.raises(NotAllowedNow, match="2022-W03 is not over"):
        rules.propose_rules(settings, W03, W03.since)
    assert rules.propose_rules(settings, W03, utc_now()) == PROPOSED
    assert rules.propose_rules(settings, W03, utc_now()) == PROPOSED
    assert [one.status for one in rules.list_rules(settings)] == ["proposed"]
    rules.accept_rules(settings, PROPOSED)
    with pytest.raises(NotAllowedNow, match=r"v1\+2022-W03 is accepted, not proposed"):
        rules.reject_rules(settings, PROPOSED)
    shown = rules.show_rules(settings, PROPOSED)
    assert (shown.status, shown.weights["smc"]) == ("accepted", Decimal("0.25"))
    assert json.loads(rules.export_rules(settings, PROPOSED))["weights"] == {
        "news": 0.4,
        "smc": 0.25,
        "trend": 0.35,
    }
    assert rules.what_if(settings, W03, shown.weights).signals == 8 * 64
