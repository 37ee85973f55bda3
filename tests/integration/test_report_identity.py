"""Which report was sent, where and what it said: through moved chats, crashes, replaced texts and writers meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest

from outbox.outbox import File, Outbox
from outbox.text import Text
from reports import delivery, scorecard
from reports.chosen import Chosen, Days
from reports.figures import Figures
from reports.layers import known
from reports.scorecard import compute, store
from reports.text.message import compose
from reports.weeks import Week
from signaltape import Secret
from sink.db import Connection, connect
from tests.support.book import W03, Book
from tests.support.botapi import TOKEN, BotServer
from tests.support.holding import Held
from tests.support.said import said
from tests.support.sending import REPORT, SOON, QuickSender, now, state, with_server
from tests.support.waiting import soon

#: a supergroup
NEW = "-1001234567890"
AFTER = W03.report_due + timedelta(minutes=1)
FOLLOWING = Week(W03.monday + timedelta(days=7))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Without pictures, which take a second each, where they are not the point."""
    if "picture" not in request.node.name:
        monkeypatch.setattr(delivery, "_files", lambda *_: [])


def to(chat_id: str) -> delivery.Destination:
    return delivery.Destination(Secret(TOKEN), chat_id, "http://127.0.0.1:1")


def enqueue(connection: Connection, chat_id: str, week: Week = W03) -> bool:
    card = compute(connection, week)
    store(connection, card, week.report_due + timedelta(minutes=1))
    return delivery.enqueue(connection, card, to(chat_id), week.report_due + timedelta(minutes=1))


def send(connection: Connection, moved: dict[str, int] | None = None, refuse: bool = False) -> BotServer:
    connection.execute("UPDATE outbox SET not_after = now() + interval '1 hour' WHERE state = 'queued'")

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.moved = moved or {}
        server.refuse = (403, "Forbidden") if refuse else None
        await sender.drain(0.5 if refuse else 5)

    return with_server(work, connection)


def revised(connection: Connection) -> bool:
    return "revised" in compose(compute(connection, FOLLOWING)).text


def test_a_week_is_not_sent_again_under_the_new_id_of_its_group(connection: Connection) -> None:
    assert enqueue(connection, "-77")
    server = send(connection, {"-77": -1001234567890})
    assert server.calls[-1][1]["chat_id"] == "-1001234567890"
    assert not enqueue(connection, "-1001234567890"), "TELEGRAM_CHAT_ID was changed as the log says"
    assert not enqueue(connection, "-77"), "another reporter still has the old one"
    assert enqueue(connection, "-77", FOLLOWING), "the next week is another report"
    send(connection)
    chats = connection.execute("SELECT DISTINCT chat_id FROM outbox").fetchall()
    assert chats == [("-1001234567890",)], "it goes straight to the new id"


def test_a_report_that_was_sent_under_the_new_id_first_is_found_by_the_old_one(
    connection: Connection,
) -> None:
    assert enqueue(connection, NEW)
    send(connection)
    assert enqueue(connection, "-77", FOLLOWING)
    send(connection, {"-77": int(NEW)})
    assert not enqueue(connection, "-77")


def test_all_ids_of_a_chat_are_known_by_each_of_them(connection: Connection) -> None:
    assert enqueue(connection, "-77")
    send(connection, {"-77": int(NEW)})
    assert [Outbox(connection).ids_of(chat) for chat in ("-77", NEW, "-78")] == [["-77", NEW]] * 2 + [["-78"]]


def test_a_supergroup_that_is_said_to_have_moved_is_asked_seldom_and_believed_later(
    connection: Connection,
) -> None:
    assert enqueue(connection, NEW)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.moved = {NEW: -77}
        await sender.drain(0.3)
        assert 0 < len(server.calls) < 10

    connection.execute("UPDATE outbox SET not_after = now() + interval '1 hour'")
    with_server(work, connection)
    assert state(connection, f"scorecard:{W03.monday}:{NEW}") == "queued"
    assert not connection.execute("SELECT * FROM telegram_chats").fetchall()


def test_a_move_that_no_group_makes_is_not_stored(connection: Connection) -> None:
    for chat_id, moved_to in (
        (NEW, "-1009876543210"),
        ("-77", "-78"),
        ("42", NEW),
        ("@desk", NEW),
        (f"-0{NEW[1:]}", NEW),
    ):
        with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
            connection.execute("INSERT INTO telegram_chats VALUES (%s, %s)", (chat_id, moved_to))


def test_a_part_that_stands_in_the_old_group_is_not_sent_to_the_new_one(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "-77", Text("".join(f"line {number}\n" for number in range(700))), now() + SOON)
    leased = outbox.lease()
    assert leased is not None
    outbox.stub_begun(leased)
    outbox.stub_sent(leased, 5000)
    outbox.filled(leased, 0, 5000)
    outbox.postpone(leased, 0)
    server = send(connection, {"-77": int(NEW)})
    assert state(connection) == "sent"
    assert not any(text.startswith("line 0\n") for text in server.messages.values())


def test_moves_that_were_followed_before_are_known(connection: Connection) -> None:
    from sink.admin import migrate as migrations

    connection.execute("DROP TABLE telegram_chats")
    connection.execute(
        "ALTER TABLE outbox DROP COLUMN stands, DROP COLUMN told_week, DROP COLUMN told, DROP COLUMN parts"
    )
    connection.execute(
        "INSERT INTO outbox (message_key, chat_id, body, not_after, state) VALUES"
        " ('scorecard:2022-01-17:-77', '-1001234567890', 'x', now(), 'sent'), ('k', '-5', 'x', now(), 'sent'),"
        " ('scorecard:2022-01-17:-8', '-8', 'x', now(), 'sent')"
    )
    for step in migrations.migrations():
        if step.name in ("chats", "moves_of_groups"):
            connection.execute(step.sql)
    assert connection.execute("SELECT chat_id, moved_to FROM telegram_chats").fetchall() == [("-77", NEW)]


def test_what_counts_as_reported_is_what_was_sent(connection: Connection, book: Book) -> None:
    late = book.signal(0.65)
    assert enqueue(connection, "42")
    book.close(late, 1)
    assert enqueue(connection, "42"), "it still waits: the newer text is taken"
    assert not revised(connection), "nobody was told anything yet"
    send(connection)
    assert not revised(connection), "the text that was sent holds the late closure"
    book.close(book.signal(0.65), -1)
    assert revised(connection)


def test_a_report_that_was_never_sent_is_not_revised(connection: Connection, book: Book) -> None:
    assert enqueue(connection, "42")
    send(connection, refuse=True)
    book.closed_signal(0.65, 1)
    assert not revised(connection)


def test_a_reporter_that_dies_right_after_enqueueing_loses_no_revision(
    connection: Connection, book: Book
) -> None:
    assert enqueue(connection, "42")  # and nothing of the reporter runs after this
    send(connection)
    book.closed_signal(0.65, 1)
    assert revised(connection)


def test_a_card_is_of_one_moment(
    connection: Connection, database: Secret, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.closed_signal(0.65, 1)
    from reports.figures import figures as computed

    def figures_after_another_closure(
        own: Connection, days: Week | Days, chosen: Chosen, alike: float
    ) -> Figures:
        with connect(database) as other:
            Book(other).closed_signal(0.65, 1)
        return computed(own, days, chosen, alike)

    monkeypatch.setattr(scorecard, "figures", figures_after_another_closure)
    card = compute(connection, W03)
    assert (sum(one.n for one in card.bins), card.figures.closed) == (1, 1)
    assert compute(connection, W03).figures.closed == 3, "the next one sees what was written"


def test_layers_that_cannot_be_judged_cost_only_themselves(
    connection: Connection, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_patterns: object) -> None:
        raise FloatingPointError("singular")

    book.closed_signal(0.65, 1)
    monkeypatch.setattr(known, "find", broken)
    card = compute(connection, W03)
    store(connection, card, AFTER)
    assert "Layers, 8 weeks - (they could not be judged" in said(compose(card))
    assert "n=1, winrate=1.000" in said(compose(card))


@pytest.mark.parametrize("part", ["plot", "png", "pdf"])
def test_a_picture_that_cannot_be_drawn_costs_only_itself(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    from reports.drawing import picture

    written = picture.write

    def write(*arguments: object) -> object:
        if arguments[-1] == part:
            raise ArithmeticError("no")
        return written(*arguments)  # type: ignore[arg-type]

    def plot(*_: object) -> None:
        raise ArithmeticError("no")

    monkeypatch.setattr(picture, "plot", plot) if part == "plot" else monkeypatch.setattr(
        picture, "write", write
    )
    assert enqueue(connection, "42")
    (found,) = connection.execute("SELECT count(*) FROM outbox_files").fetchall()
    assert found == (0 if part == "plot" else 1,)
    assert next(iter(send(connection).messages.values())).startswith("📊 Weekly Scorecard")


def test_a_text_that_was_sent_is_not_called_expired_when_its_files_come_too_late(
    connection: Connection,
) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + SOON, [File("photo", "week.png", b"picture")])
    leased = outbox.lease()
    assert leased is not None
    outbox.stub_begun(leased)
    outbox.stub_sent(leased, 100)
    outbox.filled(leased, 0, 100)
    outbox.retry(leased, 0, "429")
    connection.execute("UPDATE outbox SET not_after = now()")
    assert outbox.lease() is None
    assert outbox.state("k") == ("sent", "its files were not sent in time")
    assert outbox.resend(leased.id, now() + SOON), "the files get another chance"


def test_files_follow_their_report_into_the_new_group(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "-77", REPORT, now() + SOON, [File("photo", "week.png", b"picture")])

    async def work(server: BotServer, sender: QuickSender) -> None:
        draining = asyncio.create_task(sender.drain(5))
        await soon(lambda: len(server.calls) >= 2, every=0)
        server.moved["-77"] = int(NEW)
        assert await draining

    server = with_server(work, connection)
    assert [(reply, name) for reply, name, _ in server.files.values()] == [(0, "week.png")], (
        "no reply: see below"
    )
    assert list(server.messages.values()).count(REPORT.text) == 1
    assert state(connection) == "sent"


@pytest.mark.parametrize("files", [0, 1])
def test_a_message_that_was_sent_whole_by_a_sender_that_then_died_lacks_nothing(
    connection: Connection, files: int
) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + SOON, [File("photo", "week.png", b"picture")] * files)
    held = outbox.lease()
    assert held is not None
    outbox.stub_begun(held)
    outbox.stub_sent(held, 100)
    outbox.filled(held, 0, 100)
    for position in range(files):
        outbox.file_is(held, position, "uncertain")
        outbox.file_sent(held, position, 101)
    connection.execute("UPDATE outbox SET not_after = now(), leased_until = now() - interval '1 s'")
    assert outbox.lease() is None
    assert outbox.state("k") == ("sent", None)
