"""What a ghost says on the tape is told to who asked: each record once, as a reply to its alert, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outbox.outbox import Outbox
from outbox.policies import ALERT, ANSWER
from outbox.text import Text
from signaltape import Settings
from sink import control
from sink.db import Connection
from sink.quality import purge
from tests.integration.alerting import alerting, alerts, plan, publish
from tests.integration.draining import add
from tests.support.botapi import BotServer
from tests.support.desking import TRADER
from tests.support.ghosting import SOL, START, Ghost, Tape, told
from tests.support.samples import new_id
from tests.support.sending import QuickSender, with_server
from tests.support.stepping import Stepped, stepped
from tests.support.waiting import eventually

CHAT = {"SIGNALTAPE_ALERT_CHATS": str(TRADER)}


class Told:
    """A trader who asks, bars that come, and what the trader is told."""

    def __init__(self, settings: Settings, connection: Connection, desk: Stepped, client: Any) -> None:
        self.settings, self.connection, self.desk, self._client = settings, connection, desk, client
        self.tape = Tape(client, settings.stream)
        self.ghost = Ghost(settings, connection, which="clicked")
        self.ref = alerts(connection)[0]["ref_id"]
        self._minute = 1

    def ask(self, word: str) -> None:
        """Press and say yes; the command is on the tape when this returns."""
        asked = self.desk.press(TRADER, f"a:{self.ref}:{word}", chat=TRADER)
        self.desk.act()
        if word != "cancel":
            self.desk.press(TRADER, self.desk.buttons(asked)[0], chat=TRADER)
            self.desk.act()
        before = self._wanted()
        eventually(lambda: self._on_tape() >= before)

    def bar(self, *prices: str) -> None:
        """The next minute."""
        end = datetime.now(UTC) + timedelta(minutes=self._minute)
        self._minute += 1
        self.tape.bar((end - START).total_seconds(), prices)

    def hear(self, **environ: str) -> Any:
        """The ghost follows, the desk listens: what was done."""
        self.ghost.run()
        return alerting(self.settings, **CHAT, **environ)

    def messages(self) -> list[tuple[str, str | None]]:
        """What was told, each with what it replies to; and who is told of it."""
        rows = self.connection.execute(
            "SELECT body, reply_to, chat_id FROM outbox WHERE message_key LIKE 'ghost:%' ORDER BY id"
        ).fetchall()
        assert {row[2] for row in rows} <= {str(TRADER)}
        return [(row[0].replace("\u00a0", " ").partition("\n")[0], row[1]) for row in rows]

    def _wanted(self) -> int:
        row = self.connection.execute("SELECT count(*) + count(cancelled_at) FROM desk_ghosts").fetchone()
        assert row is not None
        return int(row[0])

    def _on_tape(self) -> int:
        return len(told(self._client, self.settings, "order_command"))


@pytest.fixture
def trader(settings: Settings, connection: Connection, redis_client: Any, key: str) -> Iterator[Told]:
    publish(redis_client, key, plan(tp2=230))
    alerting(settings, **CHAT)
    connection.execute(
        "UPDATE outbox SET state = 'sent', filled = parts, message_ids = '{1}', sent_at = now()"
    )
    with stepped(settings, connection) as desk:
        yield Told(settings, connection, desk, redis_client)


def test_who_asked_for_an_entry_is_told_what_becomes_of_it_once(
    trader: Told, redis_client: Any, key: str
) -> None:
    trader.ask("entry")
    trader.bar("223", "223", "222", "222.5")
    trader.bar("222.5", "227", "222.5", "226.5")
    trader.bar("226.5", "231", "226", "230.5")
    assert trader.hear().told == 3
    alert = f"alert:{trader.ref}:{TRADER}"
    assert trader.messages() == [
        ("👻 Filled 222.1 · SOL LONG", alert),
        ("👻 TP1 · SOL LONG", alert),
        ("👻 Target +2.75 R · SOL LONG", alert),
    ]
    redis_client.xgroup_destroy(key, "desk")
    trader.hear()
    assert len(trader.messages()) == 3, "heard again, and told once"
    row = trader.connection.execute("SELECT became FROM desk_ghosts").fetchone()
    assert row == ("closed",)


def test_a_line_rings_once_even_while_all_is_paused(trader: Told) -> None:
    trader.ask("lines")
    control.say(trader.connection, "paused", "ana", "CPI", above=0)
    trader.bar("224", "226.4", "224", "226")
    trader.bar("226", "227", "226", "227")
    assert trader.hear().told == 1
    assert trader.messages() == [("🔔 TP1 ≥ 226.3 · SOL LONG", f"alert:{trader.ref}:{TRADER}")]


def test_a_ring_goes_before_whatever_else_waits_in_its_chat(trader: Told) -> None:
    waiting = Outbox(trader.connection)
    for kind in (ANSWER, ALERT):
        waiting.enqueue(kind, str(TRADER), Text(kind), datetime.now(UTC) + timedelta(hours=1), kind=kind)
    trader.ask("lines")
    trader.connection.execute("UPDATE outbox SET state = 'expired' WHERE message_key LIKE 'answer:%'")
    trader.bar("224", "226.4", "224", "226")
    trader.hear()
    first, *others = _sent(trader.connection)
    assert first.startswith("🔔 TP1")
    assert {ANSWER, ALERT} <= set(others)


def _sent(connection: Connection) -> list[str]:
    """The texts in the order in which a sender sends all that is due."""

    async def work(_: BotServer, sender: QuickSender) -> None:
        await sender.drain(10)

    return [body["text"] for _, body in with_server(work, connection).calls]


def test_what_was_cancelled_is_told_and_no_line_of_it_rings(trader: Told) -> None:
    trader.ask("entry")
    trader.ask("lines")
    trader.ask("cancel")
    trader.bar("223", "240", "200", "222.5")
    trader.hear()
    assert [text for text, _ in trader.messages()] == ["👻 Cancelled · SOL LONG"]


def test_where_its_alert_does_not_stand_it_is_no_reply(trader: Told) -> None:
    trader.ask("entry")
    trader.connection.execute("UPDATE outbox SET state = 'uncertain' WHERE kind = 'alert'")
    trader.bar("223", "223", "222", "222.5")
    trader.hear()
    assert trader.messages() == [("👻 Filled 222.1 · SOL LONG", None)]


def test_lines_of_whom_nobody_knows_are_counted_and_tell_nobody(trader: Told) -> None:
    """Whatever a record says: only what was asked for by the bot is told, and where it was asked for."""
    now = (datetime.now(UTC) - START).total_seconds()
    line = {"lineId": new_id(), "symbol": SOL, "price": 226, "direction": "above", "chatId": str(TRADER)}
    trader.tape.command("set_line", now, **line)
    trader.bar("224", "226.4", "224", "226")
    done = trader.hear()
    assert (done.told, done.untold) == (0, 1)
    assert trader.messages() == []


def test_a_ring_that_comes_too_late_is_counted(trader: Told) -> None:
    trader.ask("lines")
    ring = {"id": new_id(), "lineId": _line(trader), "what": "rung", "symbol": SOL, "price": 226, "seen": 227}
    then = datetime.now(UTC) - timedelta(minutes=11)
    trader.tape.put("price_line", {**ring, "direction": "above", "timestamp": then}, SOL)
    done = trader.hear()
    assert (done.told, done.untold) == (0, 1)


def test_a_group_that_has_moved_is_told_where_it_is_now(trader: Told) -> None:
    trader.ask("lines")
    trader.connection.execute("UPDATE desk_ghosts SET chat_id = '-77'")
    Outbox(trader.connection).note_move("-77", "-100200300400500")
    trader.bar("224", "226.4", "224", "226")
    assert trader.hear().told == 1
    rows = trader.connection.execute("SELECT chat_id FROM outbox WHERE message_key LIKE 'ghost:%'").fetchall()
    assert rows == [("-100200300400500",)]


def test_of_a_signal_that_was_purged_nothing_is_kept_or_told(trader: Told) -> None:
    trader.ask("entry")
    trader.ask("lines")
    purge(trader.connection, str(alerts(trader.connection)[0]["signal_id"]))
    assert trader.connection.execute("SELECT count(*) FROM desk_ghosts").fetchone() == (0,)
    trader.bar("223", "240", "200", "222.5")
    assert trader.hear().told == 0


def test_an_automatic_order_tells_nobody(trader: Told) -> None:
    trader.ghost = Ghost(trader.settings, trader.connection, which="all")
    trader.bar("223", "223", "222", "222.5")
    assert trader.hear().told == 0
    assert len(trader.ghost.orders()) == 1
    assert trader.messages() == []


def test_a_record_that_says_nonsense_holds_up_no_other(trader: Told) -> None:
    trader.ask("entry")
    (order_id,) = trader.connection.execute("SELECT id FROM desk_ghosts").fetchone() or ("",)
    usual = {"clientOrderId": "x", "symbol": SOL, "side": "BUY", "type": "LIMIT", "qty": 1, "status": "X"}
    log = {**usual, "mode": "SIM", "source": "ghost", "orderId": order_id, "timestamp": datetime.now(UTC)}
    for odd in ({"what": "closed", "rrRealized": "x"}, {"what": 7}, {"what": "bought"}):
        trader.tape.put("order_log", {**log, "id": new_id(), **odd}, SOL)
    trader.bar("223", "223", "222", "222.5")
    trader.hear()
    assert [text for text, _ in trader.messages()] == ["👻 Filled 222.1 · SOL LONG"]


def _line(trader: Told) -> str:
    row = trader.connection.execute("SELECT id FROM desk_ghosts WHERE label = 'TP1'").fetchone()
    assert row is not None
    return str(row[0])


def test_an_alert_follows_what_its_ghost_came_to_until_the_engine_says_it(
    trader: Told, redis_client: Any, key: str
) -> None:
    def shown() -> str:
        row = trader.connection.execute("SELECT body FROM outbox_edits").fetchone()
        return str(row[0]).replace("\n   ", " ") if row else ""

    trader.ghost = Ghost(trader.settings, trader.connection, which="off", track=True)
    trader.bar("223", "223", "222", "222.5")
    trader.bar("222.5", "231", "222.5", "230.5")
    trader.hear()
    assert "(ghost)" in shown()
    assert "closed +2.75 R in 1 min (tp, ghost)" in shown()
    end = {"rr_realized": -1, "time_in_trade_ms": 120_000, "exit_reason": "sl", "symbol": SOL}
    signal_id = str(alerts(trader.connection)[0]["signal_id"])
    ended = {"signal_id": signal_id, "ts_closed": datetime.now(UTC).isoformat(), **end}
    add(redis_client, key, "signal_closed", ended)
    trader.hear()
    assert "closed −1.00 R in 2 min (sl)" in shown()
    assert trader.messages() == [], "nobody asked for it"
