"""Known secrets are found in every spelling, and nothing else is taken away."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding.decode import to_dead_letter
from consumer.entry import Entry
from signaltape import Emitter, Secret, Settings, scrubbing, secrecy
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command
from signaltape.rejects import RejectFile
from signaltape.secrecy import keep_secret, scrub


@pytest.fixture(autouse=True)
def _nothing_known_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(secrecy, "_known", set())
    monkeypatch.setattr(secrecy, "_pattern", None)
    yield


@given(
    password=st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=4, max_size=30),
    scheme=st.sampled_from(["redis", "rediss", "postgresql"]),
)
def test_a_password_is_found_in_every_spelling(password: str, scheme: str) -> None:
    secrecy._known.clear()
    encoded = quote(password, safe="")
    keep_secret(f"{scheme}://somebody:{encoded}@somewhere:1234/0")
    told = [password, encoded, encoded.lower(), repr(password), json.dumps(password), repr(password.encode())]
    if password not in ("somebody", "somewhere", "1234", *secrecy._NO_SECRETS):
        for text in told:
            assert password not in scrub(f"cannot use {text} here")
            assert encoded not in scrub(f"cannot use {text} here")


@pytest.mark.parametrize("password", ["hunter@tworest", "hunter/tworest", "hunter?tworest", "hunter%tworest"])
def test_the_parts_of_a_password_that_was_not_encoded_are_found(password: str) -> None:
    keep_secret(f"postgresql://u:{password}@host/db")
    for part in ("hunter", "tworest", "tworest@host", password, f"postgresql://u:{password}@host/db"):
        assert "hunter" not in scrub(f'cannot resolve "{part}"')
        assert "tworest" not in scrub(f'cannot resolve "{part}"')


def test_a_password_among_the_options_is_found() -> None:
    keep_secret("unix:///run/redis.sock?db=1&password=hun%20ter")
    assert scrub("AUTH hun ter failed at /run/redis.sock") == "AUTH *** failed at /run/redis.sock"


def test_what_is_short_or_stands_in_the_clear_does_not_shred_what_is_printed() -> None:
    keep_secret("redis://:abc@host/0")
    keep_secret("postgresql://trader:trader@host/trader")
    keep_secret("postgresql://u:signaltape@host/db")
    assert scrub("abc trader signaltape:{0}") == "abc trader signaltape:{0}"
    assert scrub("redis://:abc@host/0 and x:trader@y") == "*** and x***y"


def test_a_url_without_a_password_is_no_secret() -> None:
    keep_secret("redis://localhost:6379/0")
    keep_secret("postgresql://trader@localhost/trader")
    assert scrub("redis://localhost:6379/0") == "redis://localhost:6379/0"


def test_a_bot_token_is_found_whole_encoded_and_without_its_number() -> None:
    keep_secret("12345:AAHsecret")
    assert scrub("/bot12345:AAHsecret/x /bot12345%3AAAHsecret/x AAHsecret") == "/bot***/x /bot***/x ***"


def test_the_librarys_log_holds_no_secret_in_message_arguments_or_exception(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Secret("redis://:hunter2@host/0")
    log = logging.getLogger("signaltape")
    log.warning("no %s", ValueError("hunter2"))
    try:
        raise ValueError("hunter2") from KeyError("hunter2")
    except ValueError:
        log.exception("failed with hunter2")
    assert "hunter2" not in caplog.text
    assert "no ***" in caplog.text
    assert "failed with ***" in caplog.text
    assert "KeyError: '***'" in caplog.text
    assert "ValueError: ***" in caplog.text


def test_inside_an_engine_only_the_librarys_own_logger_is_touched() -> None:
    import threading

    before = (sys.stdout, sys.stderr, sys.excepthook, threading.excepthook, list(logging.root.filters))
    handlers = list(logging.root.handlers)
    with Emitter(Settings(feature_event_logging=False, redis_url=Secret("redis://:hunter2@host/0"))):
        assert before == (
            sys.stdout, sys.stderr, sys.excepthook, threading.excepthook, list(logging.root.filters)
        )  # fmt: skip
        assert handlers == logging.root.handlers
    assert unquote(scrub("hunter2")) == "***"


def test_the_reasons_in_dead_letters_and_reject_files_hold_no_secret(tmp_path: Path) -> None:
    keep_secret("redis://:hunter2@host/0")
    letter = to_dead_letter(Entry("s", "1-0", [b"event", b"x"]), "cannot use 'redis://:hunter2@host/0'").dead[
        0
    ]
    assert letter.reason == "cannot use '***'"
    RejectFile(tmp_path / "rejects").keep(utc_now(), "x", "got 'hunter2'", {})
    assert "got '***'" in (tmp_path / "rejects").read_text()


def test_a_commands_log_holds_no_secret_wherever_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = io.StringIO()
    monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(elsewhere)])
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True))
    keep_secret("redis://:hunter2@host/0")
    printed: Any = sys.stdout
    begin_command()
    begin_command()
    logging.getLogger("some.library").warning("hunter2 there")
    print("hunter2 here")
    sys.stdout.writelines(["and hunter2\n"])
    click.echo(b"hunter2 as bytes")
    assert elsewhere.getvalue() == "*** there\n"
    assert printed.buffer.getvalue() == b"*** here\nand ***\n*** as bytes\n"


def test_an_argument_that_cannot_be_shown_does_not_break_whoever_logs() -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no")

    record = logging.LogRecord("signaltape", logging.WARNING, __file__, 1, "what is %s?", (Odd(),), None)
    assert scrubbing.SCRUBBING.filter(record)
