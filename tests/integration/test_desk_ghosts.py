"""`Set Entry`, `Set Alert Lines` and `Cancel`: asked first, done once, on the tape and on the buttons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from desk.feedback.standing import clicks_in
from desk.operations.users import add_user
from signaltape import Settings
from sink.db import Connection
from tests.integration.alerting import alerting, alerts, plan, publish
from tests.support.desking import TRADER, VIEWER
from tests.support.ghosting import told
from tests.support.stepping import Stepped, stepped
from tests.support.waiting import eventually

CHAT = str(TRADER)
EQUITY = {"SIGNALTAPE_ALERT_CHATS": CHAT, "SIGNALTAPE_EQUITY_USD": "10000"}


@pytest.fixture
def desk(settings: Settings, connection: Connection, redis_client: Any, key: str) -> Iterator[Stepped]:
    """One that has sent the alert of a plan to the trader."""
    publish(redis_client, key, plan(tp2=230, confidence=0.72, atr_pct=0.8))
    alerting(settings, **EQUITY)
    connection.execute(
        "UPDATE outbox SET state = 'sent', filled = parts, message_ids = '{1}', sent_at = now()"
    )
    add_user(settings, VIEWER, "viewer", alerts(connection)[0]["ts"], name="viewer")
    with stepped(settings, connection) as made:
        yield made


@pytest.fixture
def ref(desk: Stepped, connection: Connection) -> str:
    return str(alerts(connection)[0]["ref_id"])


def press(desk: Stepped, ref: str, word: str, user: int = TRADER) -> int:
    number = desk.press(user, f"a:{ref}:{word}", chat=TRADER)
    desk.act()
    return number


def yes(desk: Stepped, question: int, user: int = TRADER) -> int:
    number = desk.press(user, desk.buttons(question)[0], chat=TRADER)
    desk.act()
    return number


def set_(desk: Stepped, ref: str, word: str) -> str:
    """Press and say yes: what is answered."""
    return desk.answer(yes(desk, press(desk, ref, word)))


def commands(client: Any, settings: Settings, n: int) -> list[dict[str, Any]]:
    """So many commands, once they stand on the tape."""

    def found() -> list[dict[str, Any]]:
        return told(client, settings, "order_command")

    eventually(lambda: len(found()) >= n)
    return found()


def test_an_entry_is_asked_about_with_all_that_it_is(
    desk: Stepped, ref: str, settings: Settings, redis_client: Any
) -> None:
    asked = press(desk, ref, "entry")
    for words in ("Set Entry · SOL LONG?", "For trader", "Entry 222.1", "SL 219.9", "TP1 226.3", "TP2 230"):
        assert words in desk.answer(asked)
    assert "Risk $130.00 · 1.30%" in desk.answer(asked)
    assert desk.result(asked)[0] == "asked"
    done = yes(desk, asked)
    assert desk.result(done)[0] == "done"
    first, *others = commands(redis_client, settings, 1)
    assert others == []
    assert {key: first[key] for key in ("command", "via", "by", "symbol", "side", "refId")} == {
        "command": "place",
        "via": "telegram",
        "by": "trader",
        "symbol": "SOL-USDT-SWAP",
        "side": "long",
        "refId": ref,
    }
    prices = [first[key] for key in ("entry", "sl", "tp1", "tp2", "riskUsd", "sizePct")]
    assert prices == [222.1, 219.9, 226.3, 230, 130, 1.3]
    assert (first["userId"], first["chatId"]) == (TRADER, CHAT)
    published, expires = (datetime.fromisoformat(first[key]) for key in ("publishedAt", "expiresAt"))
    assert published == desk.now, "no bar that began before the yes counts"
    assert expires == alerts(desk.connection)[0]["expires_at"]
    assert clicks_in(desk.connection, ref, CHAT).entries == 1
    assert desk.shown == [ref]


def test_no_sets_nothing_and_a_second_entry_of_a_plan_is_none(
    desk: Stepped, ref: str, settings: Settings, redis_client: Any
) -> None:
    asked = press(desk, ref, "entry")
    desk.press(TRADER, desk.buttons(asked)[1], chat=TRADER)
    desk.act()
    assert clicks_in(desk.connection, ref, CHAT).entries == 0
    twice = [press(desk, ref, "entry"), press(desk, ref, "entry")]
    answers = [desk.answer(yes(desk, one)) for one in twice]
    assert answers[0].startswith("Entry set: SOL LONG")
    assert answers[1].startswith("You have that entry since")
    assert desk.answer(press(desk, ref, "entry")).startswith("You have that entry since")
    assert len(commands(redis_client, settings, 1)) == 1


def test_lines_are_those_of_the_plan_once_a_chat(
    desk: Stepped, ref: str, settings: Settings, redis_client: Any
) -> None:
    asked = press(desk, ref, "lines")
    assert "Entry ≤ 222.1\nSL ≤ 219.9\nTP1 ≥ 226.3\nTP2 ≥ 230\n" in desk.answer(asked)
    assert desk.answer(yes(desk, asked)).startswith("4 lines are set: SOL LONG")
    found = commands(redis_client, settings, 4)
    assert [(one["command"], one["label"], one["direction"], one["price"]) for one in found] == [
        ("set_line", "Entry", "below", 222.1),
        ("set_line", "SL", "below", 219.9),
        ("set_line", "TP1", "above", 226.3),
        ("set_line", "TP2", "above", 230),
    ]
    assert len({one["lineId"] for one in found}) == 4
    assert desk.answer(press(desk, ref, "lines")) == "The lines of this plan are set here"
    assert clicks_in(desk.connection, ref, CHAT).lines == 1
    assert clicks_in(desk.connection, ref, "-77").lines == 0, "another chat has none"


def test_cancel_says_what_there_was_and_all_can_be_set_again(
    desk: Stepped, ref: str, settings: Settings, redis_client: Any
) -> None:
    assert desk.answer(press(desk, ref, "cancel")).startswith("Nothing to cancel")
    set_(desk, ref, "entry")
    set_(desk, ref, "lines")
    assert desk.answer(press(desk, ref, "cancel")) == "Entry of SOL LONG cancelled; 4 lines are taken off"
    found = commands(redis_client, settings, 10)
    cancelled = [one.get("orderId") or one["lineId"] for one in found if one["command"].startswith("cancel")]
    placed = [one.get("orderId") or one["lineId"] for one in found if not one["command"].startswith("cancel")]
    assert cancelled == placed
    assert all(one["symbol"] == "SOL-USDT-SWAP" for one in found)
    clicks = clicks_in(desk.connection, ref, CHAT)
    assert (clicks.entries, clicks.lines) == (0, 0)
    assert set_(desk, ref, "entry").startswith("Entry set")
    assert set_(desk, ref, "lines").startswith("4 lines are set")
    again = commands(redis_client, settings, 15)[10:]
    assert not {one.get("orderId") or one.get("lineId") for one in again} & set(placed)


def test_who_may_not_or_made_it_up_sets_nothing(desk: Stepped, ref: str) -> None:
    seen = press(desk, ref, "entry", VIEWER)
    assert desk.answer(seen) == "Only traders ask anything of ghosts (viewer)"
    assert desk.result(press(desk, "ib_20220118_1000_BTC", "entry")) == ("ignored", "not one of our buttons")
    desk.connection.execute("UPDATE alerts SET alert = jsonb_set(alert::jsonb, '{data_quality}', '\"bad\"')")
    assert desk.result(press(desk, ref, "entry")) == ("ignored", "not one of our buttons")
    assert desk.connection.execute("SELECT count(*) FROM desk_ghosts").fetchone() == (0,)


def test_who_may_not_use_the_command_sets_no_lines(desk: Stepped, ref: str, settings: Settings) -> None:
    add_user(settings, TRADER, "trader", desk.now, name="trader", commands=["risk"])
    assert desk.answer(press(desk, ref, "lines")) == "/lines is not one of your commands (trader)"


def test_what_is_over_is_not_set_and_a_right_that_was_lost_counts(desk: Stepped, ref: str) -> None:
    asked = press(desk, ref, "entry")
    add_user(desk.desk.settings, TRADER, "viewer", desk.now, name="trader")
    assert desk.result(yes(desk, asked)) == ("ignored", "not allowed")
    add_user(desk.desk.settings, TRADER, "trader", desk.now, name="trader")
    asked = press(desk, ref, "lines")
    desk.connection.execute('UPDATE alerts SET life = \'{"closed_at": "2026-01-18T10:00:00Z"}\'')
    assert desk.answer(yes(desk, asked)) == "That signal has ended (closed): nothing to set"
    desk.connection.execute("UPDATE alerts SET life = NULL")
    desk.now += timedelta(hours=3)
    assert desk.answer(press(desk, ref, "entry")).startswith("That plan ended")


def test_what_comes_late_is_asked_about(desk: Stepped, ref: str) -> None:
    set_(desk, ref, "lines")
    number = desk.press(TRADER, f"a:{ref}:cancel", chat=TRADER)
    desk.now += timedelta(minutes=2)
    desk.act()
    assert desk.result(number)[0] == "asked"
    assert "(2 min ago): do it" in desk.answer(number).replace("\n   ", " ")
    assert desk.answer(yes(desk, number)) == "4 lines are taken off"
    asked = press(desk, ref, "entry")
    desk.now += timedelta(minutes=2)
    late = yes(desk, asked)
    assert desk.result(late)[0] == "asked"
    assert desk.answer(late).startswith("Set Entry · SOL LONG?"), "all of it is shown once more"


def test_without_the_tape_or_ghosts_it_is_said(desk: Stepped, ref: str, settings: Settings) -> None:
    desk.desk = replace(desk.desk, desk=replace(desk.desk.desk, ghosts=False))
    assert desk.answer(press(desk, ref, "entry")) == "There are no ghosts here: SIGNALTAPE_GHOST=off"
    off = replace(settings, feature_event_logging=False)
    desk.desk = replace(desk.desk, settings=off)
    assert "FEATURE_EVENT_LOGGING" in desk.answer(press(desk, ref, "cancel"))


def test_lines_are_set_listed_and_taken_off_by_a_command(
    desk: Stepped, settings: Settings, redis_client: Any
) -> None:
    def say(text: str) -> str:
        number = desk.say(TRADER, text)
        desk.act()
        return desk.answer(number)

    desk.connection.execute("INSERT INTO ghost_symbols VALUES ('SOL-USDT-SWAP', NULL, 1)")
    assert say("/lines").startswith("Lines · none set here")
    assert say("/lines SOL above 1,150.5") == "Line set: SOL-USDT-SWAP ≥ 1,150.5. It rings once here"
    assert say("/lines sol > 1150.5").startswith("That line is set here: SOL ≥ 1,150.5")
    (one,) = commands(redis_client, settings, 1)
    assert (one["command"], one["price"], one["direction"]) == ("set_line", 1150.5, "above")
    listed = say("/lines")
    assert listed.startswith("Lines · 1 set here")
    desk.connection.execute("UPDATE desk_ghosts SET expires_at = %s", (desk.now,))
    assert say("/lines").startswith("Lines · none set here"), "its time is over, whatever the ghost says"
    desk.connection.execute("UPDATE desk_ghosts SET expires_at = NULL")
    number = listed.partition("#")[2].split()[0]
    assert say("/lines off 999").startswith("no line 999 rings here")
    assert say(f"/lines off {number}") == "Line taken off: SOL ≥ 1,150.5"
    assert [one["command"] for one in commands(redis_client, settings, 2)] == ["set_line", "cancel_line"]
    for wrong in (
        "/lines SOL",
        "/lines SOL over 7",
        "/lines SOL above -1",
        "/lines SOL above 0",
        "/lines off",
    ):
        assert "/lines SOL above 150" in say(wrong)
    assert "no bar of DOGE was seen" in say("/lines DOGE above 1")
