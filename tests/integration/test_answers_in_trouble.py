"""What the desk's commands answer to nonsense, where nothing is stored, and while a server is away or slow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from deploy.embedded.servers import Urls
from desk.answers import reading
from desk.answers.reading import TOO_SLOW
from desk.asking import Answer
from outbox.outbox import Outbox
from outbox.policies import ANSWER
from signaltape import Secret, Settings
from signaltape.errors import InvalidRequest
from signaltape.redis_client import redis_client as redis_of
from signaltape.stream import stream_key
from sink.db import Connection, connect
from tests.integration.conftest import fresh_database, fresh_settings, store_a_day
from tests.integration.draining import add, drain
from tests.integration.stored import tables
from tests.support.asked import NAMES
from tests.support.asking import CHAT, COMMANDS, EQUITY, NOW, Asker, buttons
from tests.support.said import said
from tests.support.samples import published
from tests.support.waiting import ended

pytestmark = pytest.mark.deep

OF_NO_SYMBOL = ("status", "signals", "score", "pnl", "ghosts", "held", "processes", "help", "alpha")
NONSENSE = ("nonsense", "'; DROP TABLE signals; --", "\u202e", "#", "%s", "0" * 64, *NAMES.values())


@pytest.mark.parametrize("name", OF_NO_SYMBOL)
def test_each_has_an_answer_where_nothing_is_stored(asker: Asker, name: str) -> None:
    assert asker.ask(name).text.text


@pytest.fixture(scope="module")
def shared(
    servers: Urls, template: str, maker: Connection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asker]:
    """Asks about a day that is stored once for all tests of this, which must leave it as it was."""
    with fresh_database(servers, template, maker) as database, connect(database) as connection:
        settings = fresh_settings(servers, database, tmp_path_factory.mktemp("shared"))
        assert settings.redis_url is not None
        with closing(redis_of(settings.redis_url)) as client:
            store_a_day(settings, client, stream_key(settings.stream, 0))
        before = tables(connection)
        yield Asker(settings, connection, equity_usd=EQUITY)
        assert tables(connection) == before


@pytest.fixture(scope="module")
def stored(shared: Asker) -> dict[str, Any]:
    """What the tables hold of the day."""
    return tables(shared.connection)


@pytest.fixture(scope="module")
def answers(shared: Asker, stored: dict[str, Any]) -> dict[str, Answer]:
    """What each command answers to somebody who says what it asks for, if there is no session of its update."""
    session, shared.connection = shared.connection, None  # type: ignore[assignment]
    made = {name: shared.ask(name, *(["SOL"] if name == "sniper" else [])) for name in COMMANDS}
    shared.connection = session
    return made


def answers_or_says_how(asker: Asker, name: str, *args: str) -> bool:
    """Whether it has an answer, or one line with an example."""
    try:
        return bool(asker.ask(name, *args).text.text)
    except InvalidRequest as error:
        return ", such as /" in str(error) and len(str(error).splitlines()) == 1


@pytest.mark.parametrize("name", [name for name, one in COMMANDS.items() if not one.takes])
def test_nonsense_behind_what_takes_nothing_is_all_the_same(shared: Asker, name: str) -> None:
    for args in (["nonsense"], NONSENSE):
        assert answers_or_says_how(shared, name, *args)


@pytest.mark.parametrize("word", NONSENSE)
@pytest.mark.parametrize("name", [name for name, one in COMMANDS.items() if one.takes])
def test_nonsense_gets_one_line_with_an_example_or_an_answer(shared: Asker, name: str, word: str) -> None:
    for args in ([word], [word, word], ["SOL", word], ["-", word]):
        assert answers_or_says_how(shared, name, *args)


def test_a_symbol_of_any_name_is_found_by_its_button(
    asker: Asker, settings: Settings, redis_client: Any, key: str
) -> None:
    given = [name for name in NAMES.values() if name.strip()]
    for number, symbol in enumerate(given):
        at = (NOW - timedelta(minutes=number)).isoformat()
        add(redis_client, key, "signal_published", published(symbol=symbol, ts_published=at))
    drain(settings, key)
    answer = asker.ask("alpha")
    for button in buttons(answer)[:-1]:
        for name in ("Plan", "Signals"):
            assert "no such symbol" not in asker.press(asker.press(answer, button), name).text.text


@pytest.mark.parametrize("name", COMMANDS)
def test_without_a_server_it_is_said_which_is_away(asker: Asker, settings: Settings, name: str) -> None:
    away = msgspec.structs.replace(
        settings,
        redis_url=Secret("redis://:hunter22@127.0.0.1:1/0"),
        database_url=Secret("postgresql://u:hunter22@127.0.0.1:1/x"),
    )
    asker.settings = away
    answer = asker.ask(name, *(["SOL"] if name in ("sniper", "alpha") else []))
    text = said(answer.text)
    assert "hunter22" not in text
    if name != "help":
        assert "Postgres" in text or "Redis" in text
        assert {"Try again", "Refresh"} & set(buttons(answer))


def test_what_takes_too_long_is_said_and_nobody_waits(
    asker: Asker, database: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONGEST_MS", 150)
    with connect(database, autocommit=False) as other:
        other.execute("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE")
        for name, *args in (("signals",), ("alpha", "SOL"), ("sniper", "SOL"), ("pnl",)):
            answer = asker.ask(name, *args)
            assert said(answer.text) == f"/{name} · not now {TOO_SLOW}."
            assert buttons(answer) == ["Try again"]
        other.rollback()
    assert "not now" not in asker.ask("signals").text.text


def test_no_answer_writes_or_touches_the_session_of_its_update(
    shared: Asker, stored: dict[str, Any], answers: dict[str, Answer]
) -> None:
    assert answers.keys() == COMMANDS.keys()
    assert tables(shared.connection) == stored


def test_every_answer_is_one_that_the_outbox_takes(
    answers: dict[str, Answer], connection: Connection
) -> None:
    for name, answer in answers.items():
        put = Outbox(connection).enqueue(
            *(f"answer:{name}", CHAT, answer.text, NOW + timedelta(days=9999), answer.files),
            kind=ANSWER,
            keyboard=answer.keyboard,
        )
        assert put


def test_answers_may_be_asked_side_by_side(shared: Asker) -> None:
    """Each has its own session: the desk asks them in threads."""
    told: list[str] = []
    some = [threading.Thread(target=lambda: told.append(shared.ask("status").text.text)) for _ in range(4)]
    for one in some:
        one.start()
    ended(*some)
    assert len(told) == 4
