"""Every operation ends in one of our own errors, of one line and without secrets, whatever is away."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import FunctionType
from typing import Any
from uuid import UUID

import pytest
import redis

import desk.operations.drill
import desk.operations.feedback
import desk.operations.users
import ghost.operations.asking
import ghost.operations.paging
import ghost.operations.showing
import guard.operations
import guard.operations.objectives
import market.operations
import outbox.operations
import replay.operations.archive
import replay.operations.asking
import replay.operations.diff
import replay.operations.jobs
import replay.operations.playing
import replay.operations.sessions
import reports.operations.deliveries
import reports.operations.rules
import reports.operations.samples
import reports.operations.scorecards
import reports.operations.slices
import signaltape.control.operations
import sink.operations
import web.operations
import worker.operations
from desk.operations.feedback import Span as DeskSpan
from ghost.operations.asking import Ask, AskLine, Person
from guard.rules_file import rules_in_force
from replay.operations.asking import Playing
from replay.sessions.sources import Span
from reports.chosen import Days
from reports.weeks import parse_week
from signaltape.clock import WIB
from signaltape.errors import (
    InvalidRequest,
    RedisUnavailable,
    SettingsError,
    SignaltapeError,
    Stopped,
    Unavailable,
)
from signaltape.plain_errors import exit_code
from signaltape.secrecy import keep_secret
from signaltape.settings import Secret, Settings
from signaltape.stopping import until
from sink.dead_letters import Filter, WholeLetter
from sink.plain_errors import plain_errors
from tests.unit.test_operations import operations

NOW = datetime(2022, 1, 17, tzinfo=WIB)
WEEK = parse_week("2022-W03")
SPAN = Span(NOW, datetime(2022, 1, 18, tzinfo=WIB), frozenset(), frozenset())
ALL = Filter()
LETTER = WholeLetter(1, "signaltape:{0}", "1-1", None, "a bug", b"", {}, NOW, NOW)
ANI = Person("ani", "web", NOW)
ORDER = Ask(symbol="SOL", side="long", entry=Decimal(2), sl=Decimal(1), expires_at=NOW + timedelta(hours=1))
STOP = threading.Event()
STOP.set()

Operation = Callable[..., Any]
#: Each operation that reads the settings, with what else it takes.
CALLS: dict[Operation, tuple[Any, ...]] = {
    signaltape.control.operations.pause: ("ani",),
    signaltape.control.operations.resume: ("ani",),
    signaltape.control.operations.processes: (),
    signaltape.control.operations.answers: (1,),
    market.operations.status: (),
    worker.operations.status: (NOW,),
    worker.operations.list_dead_letters: (),
    worker.operations.count_dead_letters: (),
    worker.operations.show_dead_letter: (1,),
    worker.operations.foretell_dead_letter: (LETTER,),
    worker.operations.requeue_dead_letters: (ALL._replace(reason="x"),),
    worker.operations.drop_dead_letters: (ALL._replace(reason="x"),),
    outbox.operations.shown: (1,),
    ghost.operations.showing.list_orders: (),
    ghost.operations.showing.show_order: ("1",),
    ghost.operations.showing.list_lines: (),
    ghost.operations.showing.show_line: ("1",),
    ghost.operations.showing.earned: (NOW,),
    ghost.operations.showing.digest: (),
    ghost.operations.paging.page_of_orders: (1,),
    ghost.operations.asking.place: (ORDER, ANI),
    ghost.operations.asking.cancel: ("1", ANI),
    ghost.operations.asking.set_line: (AskLine(symbol="SOL", price=Decimal(1), direction="above"), ANI),
    ghost.operations.asking.cancel_line: ("1", ANI),
    guard.operations.listed: (NOW,),
    guard.operations.budgets: (rules_in_force({}), NOW),
    guard.operations.snooze: ("health", NOW + timedelta(hours=1), "ani", NOW),
    guard.operations.unsnooze: ("health", NOW),
    guard.operations.stamp: ("backup", NOW),
    guard.operations.objectives.objectives: (NOW,),
    sink.operations.migrate: (),
    sink.operations.check: (),
    sink.operations.rights: (),
    sink.operations.rebuild: (),
    sink.operations.purge: (UUID(int=1),),
    sink.operations.seal: (),
    sink.operations.verify: (),
    replay.operations.archive.archive: (STOP,),
    replay.operations.archive.run_retention: (NOW,),
    replay.operations.archive.health: (),
    replay.operations.archive.reprocess_stream: ("-",),
    replay.operations.archive.fill_from_archive: (SPAN,),
    replay.operations.sessions.build_session: (SPAN, NOW),
    replay.operations.sessions.list_sessions: (),
    replay.operations.sessions.show_session: ("none",),
    replay.operations.sessions.delete_session: ("none",),
    replay.operations.sessions.load_session: ("none",),
    replay.operations.playing.run_session: ("none",),
    replay.operations.playing.steer: ("none", "stop"),
    replay.operations.playing.seek: ("none", 1),
    replay.operations.playing.session_status: ("none",),
    replay.operations.playing.set_speed: ("none", 2.0),
    replay.operations.playing.set_loop: ("none", True),
    replay.operations.playing.standing: ("none",),
    replay.operations.playing.running_sessions: (),
    replay.operations.playing.stream_of: ("none",),
    replay.operations.sessions.preview_session: (SPAN,),
    replay.operations.asking.ask_for_build: (SPAN, NOW, "trader"),
    replay.operations.asking.ask_for_run: (Playing("none"),),
    replay.operations.asking.building: ("none",),
    replay.operations.asking.buildings: (),
    replay.operations.asking.run_job: ("none",),
    replay.operations.asking.stop_run: ("none",),
    replay.operations.jobs.ask_for: ("build", "none", {}),
    replay.operations.jobs.job: ("build", "none"),
    replay.operations.jobs.jobs: ("build",),
    replay.operations.jobs.withdraw: ("build", "none"),
    replay.operations.jobs.is_served: (),
    replay.operations.jobs.serve: (STOP,),
    replay.operations.diff.diff_session: ("none",),
    replay.operations.diff.state_of: ("none",),
    reports.operations.scorecards.scorecard: (NOW,),
    reports.operations.scorecards.send_scorecard: (None,),
    reports.operations.slices.sliced: (Days(WEEK.monday, WEEK.sunday),),
    reports.operations.slices.days_of_rules: ("v",),
    reports.operations.deliveries.list_deliveries: (),
    reports.operations.deliveries.page_of_deliveries: (),
    reports.operations.deliveries.show_delivery: (1,),
    reports.operations.deliveries.resend: (1, NOW),
    reports.operations.rules.list_rules: (),
    reports.operations.rules.show_rules: ("v",),
    reports.operations.rules.propose_rules: (WEEK, NOW),
    reports.operations.rules.accept_rules: ("v",),
    reports.operations.rules.reject_rules: ("v",),
    reports.operations.rules.export_rules: ("v",),
    reports.operations.rules.weights_now: (WEEK,),
    reports.operations.rules.what_if: (WEEK, {"trend": Decimal(1)}),
    reports.operations.samples.draw_sample: (WEEK,),
    desk.operations.feedback.coverage: (DeskSpan(NOW, NOW),),
    web.operations.create_key: ("trader", ("read",)),
    web.operations.list_keys: (),
    web.operations.revoke_key: ("none",),
    web.operations.has_keys: (),
    desk.operations.users.add_user: (42, "viewer", NOW),
    desk.operations.users.list_users: (),
    desk.operations.users.remove_user: (42,),
    desk.operations.drill.drill: (NOW, "shell"),
}
#: These read files only, or say by their report what failed: without a server they still have an answer.
WITHOUT_SERVERS = {
    *("health", "list_sessions", "run_retention", "send_scorecard"),
    *("running_sessions", "preview_session"),
}
AWAY = {
    "redis_url": Secret("redis://:hunter22@127.0.0.1:1/0"),
    "database_url": Secret("postgresql://u:hunter22@127.0.0.1:1/x"),
}


def test_every_operation_is_called_here() -> None:
    found = {
        value
        for module in operations()
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__ and name[0] != "_"
        if "settings" in inspect.signature(value).parameters
    }
    assert found - CALLS.keys() - {_connected()} == set()


def _connected() -> object:
    from reports.operations.connected import connected

    return connected


@pytest.mark.parametrize("servers", [{}, AWAY], ids=["no URL", "away"])
@pytest.mark.parametrize("operation", CALLS, ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_it_ends_in_a_plain_error(operation: Operation, servers: dict[str, Secret], tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", data=tmp_path / "data", **servers)  # type: ignore[arg-type]
    if operation.__name__ in WITHOUT_SERVERS or (servers and operation.__name__ in ("archive", "serve")):
        operation(settings, *CALLS[operation])
        return
    with pytest.raises(SignaltapeError) as caught:
        operation(settings, *CALLS[operation])
    said = str(caught.value)
    assert said
    assert len(said.splitlines()) == 1
    assert "hunter22" not in said


@pytest.mark.parametrize(
    "take", [worker.operations.requeue_dead_letters, worker.operations.drop_dead_letters]
)
def test_letters_are_not_taken_without_a_choice(take: Operation) -> None:
    with pytest.raises(InvalidRequest, match="say which: ids, a filter, or --all"):
        take(Settings(), ALL)


def test_errors_of_servers_and_files_are_named_and_scrubbed() -> None:
    keep_secret("s3cr3t-word")
    for error, kind, said in (
        (redis.ConnectionError("Error 111: s3cr3t-word\nmore"), RedisUnavailable, "Redis: Error 111: ***"),
        (FileNotFoundError(2, "No such file", "/s3cr3t-word/x"), Unavailable, "/***/x: No such file"),
        (OSError("odd"), Unavailable, "odd"),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "odd"), InvalidRequest, "every argument must be UTF-8"),
    ):
        with pytest.raises(kind) as caught, plain_errors():
            raise error
        assert str(caught.value) == said


def test_a_defect_stays_what_it_is() -> None:
    for error in (ZeroDivisionError("1 / 0"), BrokenPipeError(32, "Broken pipe"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, plain_errors():
            raise error
        assert caught.value is error


def test_exit_codes_tell_a_wrong_call_from_what_failed() -> None:
    assert [exit_code(kind("x")) for kind in (SettingsError, InvalidRequest, RedisUnavailable, Stopped)] == [
        *(2, 2),
        *(1, 1),
    ]


def test_progress_is_told_until_it_is_stopped() -> None:
    told: list[int] = []
    stop = threading.Event()
    tell = until(stop, told.append, "stopped: nothing changed")
    tell(1)
    stop.set()
    with pytest.raises(Stopped, match="stopped: nothing changed"):
        tell(2)
    assert told == [1]
