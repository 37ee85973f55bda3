"""Clicks and reactions on alerts that stand in chats: kept, recorded and shown everywhere, once; others are ignored."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.alerting.around import Around
from desk.alerting.following import Following
from desk.alerting.messages import Messages
from desk.feedback.clicks import Click, Clicked, press, react
from desk.feedback.standing import clicks_in
from desk.feedback.telling import tell, tell_again
from desk.operations.feedback import Span, coverage
from outbox.outbox import Outbox
from signaltape import Emitter, Settings
from sink.db import Connection, connect, database_url, rows_as_dicts
from tests.integration.alerting import alerting_within, alerts, desk_settings, plan, publish
from tests.integration.conftest import Runner
from tests.support.waiting import ended, eventually

CHATS = "42,-77/5,7=health"
STOOD = datetime(2022, 1, 18, 3, tzinfo=UTC)
AROUND = Around(clicks=clicks_in)
_updates = itertools.count(1)


class Desk:
    """One alert that stands as message 501 in a private chat and as 502 in a group, and people who click on it."""

    def __init__(self, connection: Connection, tape: Emitter) -> None:
        self.connection, self._tape = connection, tape
        self._show = Following(Messages(desk_settings(SIGNALTAPE_ALERT_CHATS=CHATS), AROUND)).show_again
        self.alert = alerts(connection)[0]
        self.ref = self.alert["ref_id"]

    def press(self, word: str, ref: str = "", **who: Any) -> Clicked:
        one = click(**who)
        with self.connection.transaction():
            clicked = press(self.connection, self._show, one, ref or self.ref, word)
        tell(self.connection, self._tape, one.update_id)
        return clicked

    def react(self, gained: str = "", lost: str = "", message_id: int = 501, **who: Any) -> Clicked:
        one = click(**who)
        with self.connection.transaction():
            clicked = react(self.connection, self._show, one, message_id, [*gained], [*lost])
        tell(self.connection, self._tape, one.update_id)
        return clicked

    def tell_again(self) -> None:
        tell_again(self.connection, self._tape)

    def rows(self) -> list[tuple[str, str, str]]:
        found = self.connection.execute("SELECT kind, value, via FROM feedback ORDER BY id")
        return [(row[0], row[1], row[2]) for row in found.fetchall()]

    def buttons(self, chat_id: str = "42") -> list[str]:
        """What the newest edit says."""
        row = self.connection.execute(
            "SELECT keyboard FROM outbox_edits WHERE message_key = %s", (f"alert:{self.ref}:{chat_id}",)
        ).fetchone()
        return [] if row is None else [button["text"] for buttons in row[0] for button in buttons]


def click(user: int = 1, chat_id: str = "42", after_s: float = 60, update_id: int | None = None) -> Click:
    number = next(_updates) if update_id is None else update_id
    return Click(number, user, chat_id, STOOD + timedelta(seconds=after_s))


@pytest.fixture
def desk(settings: Settings, redis_client: Any, key: str, connection: Connection) -> Iterator[Desk]:
    publish(redis_client, key, plan(confidence=0.72))
    alerting_within(AROUND, settings, SIGNALTAPE_ALERT_CHATS=CHATS, SIGNALTAPE_ALERT_JSON="reply")
    for position, chat_id in enumerate(("42", "-77")):
        connection.execute(
            "UPDATE outbox SET state = 'sent', filled = parts, message_ids = ARRAY[501 + %s], sent_at = %s"
            " WHERE chat_id = %s AND NOT silent",
            (position, STOOD, chat_id),
        )
        connection.execute(
            "UPDATE outbox SET state = 'sent', filled = parts, message_ids = ARRAY[601 + %s], sent_at = %s"
            " WHERE chat_id = %s AND silent",
            (position, STOOD, chat_id),
        )
    with Emitter(settings) as tape:
        yield Desk(connection, tape)


def recorded(client: Any, key: str) -> list[dict[str, Any]]:
    return [
        json.loads(fields[b"data"])
        for _, fields in client.xrange(key)
        if fields[b"event"] == b"feedback_click"
    ]


def test_a_click_is_kept_and_shown_in_every_chat(desk: Desk) -> None:
    assert desk.press("up") == Clicked(desk.ref, "up")
    (row,) = rows_as_dicts(desk.connection, b"SELECT * FROM feedback")
    assert row["ref_id"] == desk.ref
    assert row["signal_id"] == desk.alert["signal_id"]
    assert (row["chat_id"], row["user_id"], row["kind"], row["value"]) == ("42", 1, "rating", "up")
    assert (row["bias"], row["confidence"]) == (desk.alert["side"], 72)
    assert (row["latency_to_click_ms"], row["ts"]) == (60_000, STOOD + timedelta(seconds=60))
    for chat_id in ("42", "-77"):
        assert desk.buttons(chat_id) == ["👍 ✓", "👎", "⏸ 30m", "Took", "Skipped"]


def test_it_is_recorded_on_the_tape(desk: Desk, redis_client: Any, key: str) -> None:
    desk.press("skip")
    desk.react("👎")
    eventually(lambda: len(recorded(redis_client, key)) == 2)
    first, second = recorded(redis_client, key)
    assert (first["refId"], first["kind"], first["value"]) == (desk.ref, "took", "skipped")
    assert (first["signalId"], first["latencyToClickMs"]) == (str(desk.alert["signal_id"]), 60_000)
    assert (second["kind"], second["value"], second["userId"]) == ("reaction", "down", 1)


def test_a_second_press_takes_it_back_and_all_are_kept(desk: Desk) -> None:
    assert [desk.press(word).value for word in ("up", "dn", "dn", "dn")] == ["up", "down", "none", "down"]
    assert [value for _, value, _ in desk.rows()] == ["up", "down", "none", "down"]
    assert desk.buttons()[:2] == ["👍", "👎 ✓"]


def test_each_question_has_one_answer(desk: Desk) -> None:
    for word in ("took", "up", "skip"):
        desk.press(word)
    assert desk.buttons() == ["👍 ✓", "👎", "⏸ 30m", "Took", "Skipped ✓"]
    desk.press("skip")
    assert desk.buttons() == ["👍 ✓", "👎", "⏸ 30m", "Took", "Skipped"]


def test_several_people_are_counted(desk: Desk) -> None:
    for user, chat_id in ((1, "42"), (2, "-77"), (3, "-77")):
        desk.press("up", user=user, chat_id=chat_id)
    desk.press("dn", user=3, chat_id="-77")
    assert desk.buttons("42") == desk.buttons("-77") == ["👍 ✓ 2", "👎 ✓", "⏸ 30m", "Took", "Skipped"]


def test_the_same_update_again_is_the_same_click(desk: Desk) -> None:
    assert desk.press("up", update_id=9001).value == "up"
    assert desk.press("up", update_id=9001).ignored == "known"
    assert desk.rows() == [("rating", "up", "button")]
    assert desk.buttons()[0] == "👍 ✓"


def test_what_is_told_again_is_one_record_in_the_end(
    desk: Desk, runner: Runner, redis_client: Any, key: str
) -> None:
    desk.press("up", update_id=9002)
    desk.connection.execute("UPDATE outbox SET sent_at = NULL")  # what is learned later does not count
    desk.tell_again()
    eventually(lambda: len(recorded(redis_client, key)) == 2)
    assert runner.run("worker", "--once")[0] == 0
    stored = desk.connection.execute("SELECT count(*) FROM records WHERE event = 'feedback_click'").fetchone()
    assert stored == (1,)
    assert desk.connection.execute("SELECT count(*) FROM event_conflicts").fetchone() == (0,)


@pytest.mark.parametrize(
    ("ref", "chat_id", "word"),
    [
        ("ib_20220118_1000_BTC", "42", "up"),
        ("", "43", "up"),
        ("", "7", "up"),
        ("' OR 1=1 --", "42", "up"),
        ("", "42", "sn30"),
        ("", "42", "buy"),
    ],
)
def test_what_was_made_up_is_ignored(desk: Desk, ref: str, chat_id: str, word: str) -> None:
    assert desk.press(word, ref, chat_id=chat_id).ignored in ("no alert of this chat", "no judgement")
    assert desk.rows() == []
    assert desk.buttons() == []


def test_reactions_say_the_same_and_are_taken_back(desk: Desk) -> None:
    assert desk.react("👍").value == "up"
    assert desk.buttons()[0] == "👍 ✓"
    assert desk.react("👎", "👍").value == "down"
    assert desk.react("", "👎").value == "none"
    assert desk.buttons()[:2] == ["👍", "👎"]
    assert {via for *_, via in desk.rows()} == {"reaction"}


def test_a_reaction_that_was_answered_otherwise_since_takes_nothing_back(desk: Desk) -> None:
    desk.react("👍")
    desk.press("dn")
    assert desk.react("", "👍").ignored == "nothing new"
    assert desk.buttons()[:2] == ["👍", "👎 ✓"]


@pytest.mark.parametrize(
    ("gained", "lost", "message_id", "chat_id"),
    [
        ("🔥", "", 501, "42"),
        ("", "🔥", 501, "42"),
        ("👍👎", "", 501, "42"),
        ("👍", "", 999, "42"),
        ("👍", "", 501, "43"),
        ("👍", "", 601, "42"),
    ],
)
def test_other_reactions_and_those_to_other_messages_are_ignored(
    desk: Desk, gained: str, lost: str, message_id: int, chat_id: str
) -> None:
    assert desk.react(gained, lost, message_id, chat_id=chat_id).ignored
    assert desk.rows() == []


def test_a_click_of_before_it_was_known_to_stand_has_no_latency(desk: Desk) -> None:
    desk.press("up", after_s=-60)
    desk.connection.execute("UPDATE outbox SET sent_at = NULL")
    desk.press("up", user=2)
    assert desk.connection.execute("SELECT latency_to_click_ms FROM feedback").fetchall() == [
        (None,),
        (None,),
    ]


def test_a_group_that_has_moved_still_has_its_alerts(desk: Desk) -> None:
    Outbox(desk.connection).note_move("-77", "-100200300400500")
    assert desk.press("up", chat_id="-100200300400500").value == "up"


def test_two_that_click_at_once_are_both_shown(desk: Desk, settings: Settings) -> None:
    """The one who comes second waits for the first, and shows both."""
    with connect(database_url(settings)) as other, Emitter(settings) as tape:
        second = Desk(other, tape)
        with desk.connection.transaction():
            desk.press("up", user=1)
            beside = threading.Thread(target=second.press, args=("up",), kwargs={"user": 2})
            beside.start()
            eventually(lambda: waits(settings))
        ended(beside)
    assert desk.buttons()[0] == "👍 ✓ 2"


def waits(settings: Settings) -> bool:
    with connect(database_url(settings)) as looking:
        row = looking.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT granted AND a.datname = current_database()"
        ).fetchone()
    return row == (1,)


def test_coverage_is_of_alerts_that_were_sent(desk: Desk, settings: Settings) -> None:
    at = desk.alert["ts"]
    span = Span(at - timedelta(hours=1), at + timedelta(hours=1))
    assert coverage(settings, span) == (0 + 1, 0)
    desk.press("up")
    found = coverage(settings, span)
    assert (found, found.share, found.reached) == ((1, 1), 1.0, True)
    assert found.line == "clicks 1.000, 1 of 1 alerts"
    desk.press("up")
    assert coverage(settings, span).line == "clicks 0.000, 0 of 1 alerts (goal above 0.300)"
    assert (
        coverage(settings, Span(at + timedelta(hours=1), at + timedelta(hours=2))).line
        == "clicks -, no alerts"
    )


@pytest.mark.parametrize("back_s", [0.5, 3600])
def test_the_last_click_wins_though_its_time_is_before_that_of_an_earlier_one(
    desk: Desk, back_s: float
) -> None:
    """A reaction has whole seconds of Telegram's clock, a press has the desk's; and that may be set back."""
    desk.press("up")
    desk.react("👎", after_s=60 - back_s)
    assert desk.buttons()[:2] == ["👍", "👎 ✓"]
    assert desk.press("dn", after_s=60 - back_s / 2).value == "none"
    assert desk.buttons()[:2] == ["👍", "👎"]


def test_a_click_that_is_heard_behind_a_later_one_does_not_win(desk: Desk) -> None:
    desk.react("👎", update_id=10**6 + 1, after_s=61)
    desk.react("👍", update_id=10**6, after_s=60)
    assert desk.buttons()[:2] == ["👍", "👎 ✓"]


def test_a_snooze_by_the_new_id_of_a_group_that_moved_is_shown(desk: Desk) -> None:
    desk.connection.execute("INSERT INTO telegram_chats (chat_id, moved_to) VALUES ('-77', '-1000000000077')")
    desk.connection.execute(
        "INSERT INTO snoozes (chat_id, category, until, by_user)"
        " VALUES ('-1000000000077', '', now() + interval '1 h', '1')"
    )
    assert clicks_in(desk.connection, desk.ref, "-77").snoozed_until is not None
    assert clicks_in(desk.connection, desk.ref, "42").snoozed_until is None
