"""Whatever stands in REDIS_URL and DATABASE_URL: it works, or is refused in one line, and no password is ever said."""

from __future__ import annotations

import logging
import re
import threading
from typing import NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer.consumer import Consumer
from signaltape.errors import SettingsError
from signaltape.settings import Settings
from signaltape.shipping.service import ship_forever
from tests.attack.effort import tried
from tests.attack.run import assert_well_behaved, environment_of, run
from tests.attack.url_parts import database_options, passwords, redis_options
from tests.attack.way import Way, within
from tests.support.samples import SAMPLES, as_json
from tests.support.waiting import eventually
from worker.loop import Worker

pytestmark = pytest.mark.deep

_SECRETS = ("hunter", "hünter", "SECOND")
#: A port that nothing listens on.
_NOWHERE = "127.0.0.1:9"


class _Command(NamedTuple):
    room: str
    arguments: tuple[str, ...]


_USES_REDIS = (
    _Command("signaltape", ("ship", "--once")),
    _Command("signaltape", ("doctor",)),
    _Command("worker", ("--once",)),
    _Command("worker", ("status",)),
    _Command("replay", ("archive", "--once")),
    _Command("replay", ("stream", "--from", "-", "--dry-run")),
)
_USES_POSTGRES = (
    _Command("sink", ("check",)),
    _Command("sink", ("migrate",)),
    _Command("worker", ("--once",)),
    _Command("worker", ("status",)),
    _Command("worker", ("dead-letters", "list")),
    _Command("reports", ("scorecard", "--week", "2022-W03")),
    _Command("reports", ("deliveries",)),
    _Command("replay", ("retention", "--dry-run")),
    _Command("replay", ("build", "--from", "2022-01-17", "--to", "2022-01-18", "--source", "postgres")),
)


def _unseen(said: str) -> None:
    for secret in _SECRETS:
        assert secret not in said, said


def _let_something_wait(way: Way) -> None:
    """In the journal and in the stream, so that every command has something to do."""
    with way.emitter() as tape:
        assert tape.closed(SAMPLES["signal_closed"]())
    way.add([[b"event", b"signal_closed", b"data", as_json(SAMPLES["signal_closed"]())]])


def _with_options(url: str, options: dict[str, str]) -> str:
    glue = "&" if "?" in url else "?"
    return url + "".join(
        f"{glue if not number else '&'}{name}={quote(value)}"
        for number, (name, value) in enumerate(options.items())
    )


@tried(60)
@given(
    scheme=st.sampled_from(["redis", "rediss", "unix"]),
    password=passwords,
    command=st.sampled_from(_USES_REDIS),
)
@example(scheme="redis", password="hunter%SECOND", command=_USES_REDIS[0])
@example(scheme="redis", password="hunter@SECOND", command=_USES_REDIS[0])
@example(scheme="redis", password="hunter/SECOND", command=_USES_REDIS[0])
def test_no_password_of_redis_is_said(way: Way, scheme: str, password: str, command: _Command) -> None:
    _let_something_wait(way)
    environment = {**environment_of(way.settings), "REDIS_URL": f"{scheme}://user:{password}@{_NOWHERE}/0"}
    ran = run(command.room, command.arguments, environment)
    assert_well_behaved(ran, (command, password))
    _unseen(ran.said)
    assert ran.code


@tried(80)
@given(
    password=passwords,
    command=st.sampled_from(_USES_POSTGRES),
    host=st.sampled_from([_NOWHERE, "", "[::1", "h h"]),
)
@example(password="hunter%SECOND", command=_USES_POSTGRES[0], host=_NOWHERE)
@example(password="hunter SECOND", command=_USES_POSTGRES[2], host=_NOWHERE)
@example(password="hunter@SECOND", command=_USES_POSTGRES[5], host=_NOWHERE)
def test_no_password_of_postgres_is_said(way: Way, password: str, command: _Command, host: str) -> None:
    _let_something_wait(way)
    url = f"postgresql://user:{password}@{host}/none?connect_timeout=2"
    ran = run(command.room, command.arguments, {**environment_of(way.settings), "DATABASE_URL": url})
    assert_well_behaved(ran, (command, url))
    _unseen(ran.said)
    assert ran.code


@tried(60)
@given(options=redis_options)
@example(options={"protocol": "3"})
@example(options={"decode_responses": "true"})
@example(options={"db": "abc"})
@example(options={"foo": "1"})
def test_redis_with_any_options_works_or_is_refused_by_name(way: Way, options: dict[str, str]) -> None:
    assert way.settings.redis_url is not None
    url = _with_options(way.settings.redis_url.reveal(), options)
    environment = {**environment_of(way.settings), "REDIS_URL": url}
    _let_something_wait(way)
    shipped = within(60, lambda: run("signaltape", ("ship", "--once"), environment))
    stored = run("worker", ("--once",), environment)
    archived = run("replay", ("archive", "--once"), environment)
    for ran in (shipped, stored, archived):
        assert_well_behaved(ran, options)
    codes = {ran.code for ran in (shipped, stored, archived)}
    if codes != {0}:
        assert 0 not in codes, f"some work with {options} and some do not: {shipped} {stored} {archived}"
        assert all("REDIS_URL" in ran.said or "Redis" in ran.said for ran in (shipped, stored, archived))
    elif "db" not in options:
        done = re.search(r"^stored (\d+), ", stored.said, re.MULTILINE)
        assert done is not None, stored
        assert int(done[1]) >= 2, stored
    if codes == {0}:  # who was refused has taken nothing: it waits for the next one
        way.ship()
        way.store()
        way.archive()


@tried(60)
@given(options=database_options)
@example(options={"client_encoding": "LATIN1"})
@example(options={"options": "-c datestyle=German"})
@example(options={"foo": "1"})
def test_postgres_with_any_options_works_or_is_refused(way: Way, options: dict[str, str]) -> None:
    assert way.settings.database_url is not None
    url = _with_options(way.settings.database_url.reveal(), {**options, "password": "hunterSECOND"})
    for command in (_USES_POSTGRES[0], _USES_POSTGRES[5]):
        ran = run(command.room, command.arguments, {**environment_of(way.settings), "DATABASE_URL": url})
        assert_well_behaved(ran, (command, options))
        _unseen(ran.said)


@tried(100)
@given(
    st.sampled_from(["REDIS_URL", "DATABASE_URL"]),
    st.text(max_size=20) | st.from_regex(r"[a-z]{1,12}://.{0,30}"),
)
def test_any_text_is_refused_by_name_or_taken_without_being_shown(name: str, text: str) -> None:
    try:
        settings = Settings.from_env({name: f"{text}hunterSECOND"})
    except SettingsError as error:
        assert name in str(error)
        assert len(str(error).splitlines()) == 1
        _unseen(str(error))
    else:
        _unseen(repr(settings))


@pytest.mark.parametrize("url", ["", "redis://", "redis:///0", "unix://", "postgresql://", "redis://:0/0"])
def test_urls_without_a_host_do_not_end_in_a_traceback(way: Way, url: str) -> None:
    environment = environment_of(way.settings)
    name = "DATABASE_URL" if url.startswith("postgresql") else "REDIS_URL"
    for command in (_USES_REDIS[0], _USES_REDIS[1], _USES_REDIS[2], _USES_POSTGRES[5]):
        assert_well_behaved(run(command.room, command.arguments, {**environment, name: url}), (command, url))


@tried(10, shrink=False)
@given(password=passwords)
@example(password="hunter%SECOND")
@example(password="hunter SECOND")
@example(password="hunter@SECOND")
def test_no_password_stands_in_the_log_of_processes_that_wait(
    way: Way, caplog: pytest.LogCaptureFixture, password: str
) -> None:
    """A worker and a shipper whose servers are away say so, again and again."""
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    _let_something_wait(way)
    try:
        away = Settings.from_env(
            {
                **environment_of(way.settings),
                "REDIS_URL": f"redis://user:{password}@{_NOWHERE}/0",
                "DATABASE_URL": f"postgresql://user:{password}@{_NOWHERE}/none",
            }
        )
    except SettingsError as error:
        _unseen(str(error))
        return
    redis_url, database_url = way.settings.redis_url, away.database_url
    assert redis_url is not None
    assert database_url is not None
    stop = threading.Event()
    worker = Worker(lambda: Consumer(redis_url, "attack", [way.key]), database_url, stop)
    waiting = [
        threading.Thread(target=work, daemon=True) for work in (worker.run, lambda: ship_forever(away, stop))
    ]
    for thread in waiting:
        thread.start()
    try:
        eventually(lambda: caplog.text.count("trying again") >= 2)
    finally:
        stop.set()
        for thread in waiting:
            thread.join(30)
    assert not any(thread.is_alive() for thread in waiting)
    _unseen(caplog.text)
