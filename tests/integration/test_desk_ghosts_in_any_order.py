"""What was asked of ghosts, whatever order it comes about in: cancelled first, ended unheard, said by others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from desk.feedback.standing import clicks_in
from signaltape import Settings
from sink.db import Connection
from tests.integration.alerting import alerting, plan, publish
from tests.integration.draining import drain
from tests.integration.test_desk_ghosts_told import CHAT, Told
from tests.support.desking import TRADER
from tests.support.ghosting import SOL, START, Ghost, told
from tests.support.samples import new_id
from tests.support.stepping import stepped
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep


@pytest.fixture
def trader(settings: Settings, connection: Connection, redis_client: Any, key: str) -> Iterator[Told]:
    """One who has the alert of a plan with one target."""
    publish(redis_client, key, plan())
    alerting(settings, **CHAT)
    connection.execute(
        "UPDATE outbox SET state = 'sent', filled = parts, message_ids = '{1}', sent_at = now()"
    )
    with stepped(settings, connection) as desk:
        yield Told(settings, connection, desk, redis_client)


def answer(trader: Told, text: str) -> str:
    """To a command, or to a press."""
    if text.startswith("/"):
        number = trader.desk.say(TRADER, text)
    else:
        number = trader.desk.press(TRADER, f"a:{trader.ref}:{text}", chat=TRADER)
    trader.desk.act()
    return trader.desk.answer(number)


def turn_round(client: Any, key: str) -> None:
    """Commands come to the tape the other way round: two desks have a journal each."""
    commands = [one for one in client.xrange(key) if one[1][b"event"] == b"order_command"]
    for entry_id, fields in reversed(commands):
        client.xdel(key, entry_id)
        client.xadd(key, fields)


@pytest.mark.parametrize("word", ["entry", "lines"])
def test_what_was_cancelled_is_so_though_its_cancel_overtook_it(
    trader: Told, redis_client: Any, key: str, settings: Settings, word: str
) -> None:
    trader.ask(word)
    trader.ask("cancel")
    turn_round(redis_client, key)
    trader.hear()
    before = len(told(redis_client, settings, "order_command"))
    trader.desk.act()
    eventually(lambda: len(told(redis_client, settings, "order_command")) > before)
    eventually(lambda: _waits_after(trader) == 0)
    trader.bar("223", "240", "200", "222.5")
    trader.hear()
    assert [text for text, _ in trader.messages() if "Cancelled" not in text] == []


def _waits_after(trader: Told) -> int:
    trader.ghost.run()
    ends = [*trader.ghost.orders(), *trader.ghost.lines()]
    return sum(one["ended_at"] is None for one in ends)


def test_what_has_ended_and_was_not_heard_of_is_not_cancelled(trader: Told) -> None:
    trader.ask("entry")
    trader.bar("223", "223", "222", "222.5")
    trader.bar("222.5", "227", "222.5", "226.5")
    trader.ghost.run()
    assert answer(trader, "entry").endswith("is over (closed): one a plan")
    assert answer(trader, "cancel").startswith("Nothing to cancel")


def test_a_line_that_rang_while_nobody_listened_is_not_listed(trader: Told) -> None:
    trader.connection.execute("INSERT INTO ghost_symbols VALUES (%s, NULL, 1)", (SOL,))
    assert answer(trader, "/lines SOL above 226").startswith("Line set")
    eventually(lambda: trader._on_tape() == 1)
    trader.bar("224", "226.4", "224", "226")
    trader.ghost.run()
    assert answer(trader, "/lines").startswith("Lines · none set here")


@pytest.mark.parametrize(
    ("low", "end"), [("219", "👻 Stop −1.00 R · SOL LONG"), ("222", "👻 Target +1.91 R · SOL LONG")]
)
def test_what_goes_out_in_the_bar_that_ends_the_order_is_told_once(trader: Told, low: str, end: str) -> None:
    """Of a plan with one target nothing follows the one or the other."""
    trader.ask("entry")
    trader.bar("223", "223", "222", "222.5")
    trader.bar("222.5", "227", low, "222.5")
    trader.hear()
    assert [text for text, _ in trader.messages()] == ["👻 Filled 222.1 · SOL LONG", end]


def test_a_line_taken_off_by_its_number_is_off_the_buttons_too(trader: Told) -> None:
    trader.ask("lines")
    trader.desk.shown.clear()
    number = answer(trader, "/lines").partition("#")[2].split()[0]
    assert answer(trader, f"/lines off {number}").startswith("Line taken off")
    assert trader.desk.shown == [trader.ref]


def test_the_oldest_of_many_lines_can_be_taken_off(trader: Told) -> None:
    trader.ask("lines")
    oldest = trader.connection.execute("SELECT min(number) FROM desk_ghosts").fetchone()
    assert oldest is not None
    trader.connection.execute(
        "INSERT INTO desk_ghosts (id, kind, user_id, by_user, chat_id, symbol, price, direction, update_id, asked_at)"
        " SELECT 'line-' || n, 'line', 1, 'ana', %s, 'BTC', n, 'above', n, now() FROM generate_series(1, 60) n",
        (str(TRADER),),
    )
    assert answer(trader, "/lines").startswith("Lines · 63 set here")
    assert answer(trader, f"/lines off {oldest[0]}").startswith("Line taken off: SOL")


def test_a_record_of_a_line_says_nothing_of_an_order(trader: Told) -> None:
    trader.ask("entry")
    (order_id,) = trader.connection.execute("SELECT id FROM desk_ghosts").fetchone() or ("",)
    ring = {"id": new_id(), "lineId": order_id, "what": "rung", "symbol": SOL, "price": 226, "seen": 227}
    trader.tape.put("price_line", {**ring, "direction": "above", "timestamp": datetime.now(UTC)}, SOL)
    assert (trader.hear().told, trader.messages()) == (0, [])
    assert answer(trader, "cancel") == "Entry of SOL LONG cancelled"


def test_what_somebody_says_in_the_name_of_the_ghost_takes_no_cancel_away(trader: Told) -> None:
    """The ghost's own rows say whether there is something to be cancelled."""
    trader.ask("entry")
    trader.ask("lines")
    trader.ghost.run()
    rows = trader.connection.execute("SELECT id, kind FROM desk_ghosts").fetchall()
    now = {"timestamp": datetime.now(UTC), "symbol": SOL, "source": "ghost"}
    log = {"side": "BUY", "type": "LIMIT", "qty": 1, "status": "X", "mode": "SIM", "clientOrderId": "x"}
    for identifier, kind in rows:
        if kind == "order":
            said = {**log, **now, "id": new_id(), "orderId": identifier, "what": "closed"}
            trader.tape.put("order_log", said, SOL)
        else:
            said = {**now, "id": new_id(), "lineId": identifier, "what": "expired"}
            trader.tape.put("price_line", said, SOL)
    trader.hear()
    assert answer(trader, "/lines").startswith("Lines · 3 set here")
    assert answer(trader, "cancel") == "Entry of SOL LONG cancelled; 3 lines are taken off"


def test_a_coin_means_the_symbol_of_which_there_are_bars(trader: Told, settings: Settings, key: str) -> None:
    """A line of another, of which there are signals, would never ring."""
    drain(settings, key)
    trader.connection.execute(
        "INSERT INTO ghost_symbols VALUES (%s, NULL, -1), ('SOL-PERP', NULL, 1)", (SOL,)
    )
    assert answer(trader, "/lines SOL above 226").startswith("Line set: SOL-PERP ≥ 226")
    assert answer(trader, f"/lines {SOL} above 226").startswith(f"Line set: {SOL} ≥ 226"), "as it was named"


def test_a_line_can_be_set_of_the_last_of_many_symbols(trader: Told) -> None:
    trader.connection.execute(
        "INSERT INTO ghost_symbols SELECT 'A' || n || '-USDT', NULL, 1 FROM generate_series(1, 700) n"
    )
    trader.connection.execute("INSERT INTO ghost_symbols VALUES ('ZEC-USDT', NULL, 1)")
    assert answer(trader, "/lines zec above 226").startswith("Line set: ZEC-USDT")


def test_what_somebody_took_back_from_a_shell_is_told_as_that(trader: Told) -> None:
    """Who asked for it did not ask for that, and would wait for a line that cannot ring."""
    trader.ask("entry")
    trader.ask("lines")
    rows = trader.connection.execute("SELECT id, kind FROM desk_ghosts ORDER BY number LIMIT 2").fetchall()
    for identifier, kind in rows:
        what = ("cancel", "orderId") if kind == "order" else ("cancel_line", "lineId")
        now = (datetime.now(UTC) - START).total_seconds()
        trader.tape.command(what[0], now, via="shell", symbol=SOL, **{what[1]: identifier})
    trader.hear()
    bodies = trader.connection.execute(
        "SELECT body FROM outbox WHERE message_key LIKE 'ghost:%' ORDER BY id"
    ).fetchall()
    assert [body.splitlines()[:2] for (body,) in bodies] == [
        ["👻 Cancelled · SOL LONG", "from elsewhere, not by this bot"],
        ["🔔 Off: Entry ≤ 222.1 · SOL LONG", "from elsewhere, not by this bot"],
    ]


@pytest.mark.parametrize("word", ["entry", "lines"])
def test_what_the_contract_takes_for_no_command_is_not_said_to_be_set(trader: Told, word: str) -> None:
    """It would be refused behind the commit, and nobody would ever hear of it."""
    trader.connection.execute(
        "UPDATE alerts SET alert = jsonb_set(alert::jsonb, '{tp1}', '\"1000000000000000000\"')"
    )
    asked = trader.desk.press(TRADER, f"a:{trader.ref}:{word}", chat=TRADER)
    trader.desk.act()
    yes = trader.desk.press(TRADER, trader.desk.buttons(asked)[0], chat=TRADER)
    trader.desk.act()
    assert trader.desk.answer(yes).startswith("No ghost can follow that plan: ")
    assert trader.connection.execute("SELECT count(*) FROM desk_ghosts").fetchone() == (0,)


def test_a_line_that_ends_with_its_plan_is_not_the_one_that_waits_until_it_rings(trader: Told) -> None:
    trader.ask("lines")
    trader.connection.execute("INSERT INTO ghost_symbols VALUES (%s, NULL, 1)", (SOL,))
    assert answer(trader, f"/lines {SOL} above 226.3").startswith("Line set")
    assert answer(trader, f"/lines {SOL} above 226.3").startswith("That line is set here")


def test_an_entry_that_was_refused_is_none_and_may_be_asked_for_again(trader: Told) -> None:
    """Ghosts were off, say; as long as the plan is valid it is worth a try."""
    trader.ghost = Ghost(trader.settings, trader.connection, which="off")
    trader.ask("entry")
    trader.hear()
    assert [text for text, _ in trader.messages()] == ["👻 Refused · SOL LONG"]
    assert clicks_in(trader.connection, trader.ref, str(TRADER)).entries == 0
    trader.ghost = Ghost(trader.settings, trader.connection, which="clicked")
    trader.ask("entry")
    trader.ghost.run()
    assert [one["status"] for one in trader.ghost.orders()] == ["refused", "waiting"]
    assert clicks_in(trader.connection, trader.ref, str(TRADER)).entries == 1


def test_all_lines_that_may_be_set_by_hand_are_listed_with_their_numbers(trader: Told) -> None:
    trader.connection.execute(
        "INSERT INTO desk_ghosts (id, kind, user_id, by_user, chat_id, symbol, price, direction, update_id, asked_at)"
        " SELECT 'line-' || n, 'line', 1, 'ana', %s, 'BTC', n, 'above', n, now() FROM generate_series(1, 50) n",
        (str(TRADER),),
    )
    listed = answer(trader, "/lines")
    assert [number for number in range(1, 51) if f"#{number} " not in listed] == []
