"""What the desk says of acts: ages, snoozes, risk, and who has answered a panic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.acts.pausing import told
from desk.acts.risk import read_risk
from desk.acts.snooze import until_of
from desk.ages import since
from desk.asking import Command, reaches
from desk.heard import Heard
from desk.router import acts, all_commands, by_name
from signaltape.clock import WIB
from signaltape.control import Answers, Control, Process
from signaltape.errors import InvalidRequest

NOW = datetime(2022, 1, 18, 14, 2, 30, tzinfo=WIB)
CAP = Decimal("2.0")


def process(name: str, epoch: int, seen_ms: int = 0) -> Process:
    return Process(
        name=f"{name}@box:7",
        role=name,
        host="box",
        pid=7,
        seen_ms=seen_ms,
        started_ms=0,
        epoch=epoch,
        state="paused",
    )


def control(state: str = "paused") -> Control:
    return Control(state=state, epoch=9, by="Budi", at_ms=int(NOW.timestamp() * 1000))  # type: ignore[arg-type]


def test_all_have_answered() -> None:
    answers = Answers(
        [process("engine", 9), process("engine", 9), process("worker", 9)], [], control(), 0.31, 0
    )
    assert told(control(), answers).text.splitlines() == [
        "⏸ Paused at 14:02:30 WIB · all 3 answered in 0.3 s",
        "engine 2, worker",
        "Next: /processes shows all, /resume goes on",
    ]


def test_who_has_not_answered_is_named_up_to_ten() -> None:
    missing = [process(f"e{n}", 1, seen_ms=1_000) for n in range(12)]
    lines = told(control("running"), Answers([], missing, control("running"), 1.0, 13_000)).text.splitlines()
    assert lines[0] == "▶️ Resumed at 14:02:30 WIB · 12 of 12 did not answer within 1.0 s"
    assert lines[1] == "❌ e0@box:7, seen 12 s ago"
    assert lines[-2:] == ["and 2 more", "Next: /processes shows all"]
    assert len(lines) == 13


def test_who_is_gone_without_a_goodbye_is_named_the_last_first() -> None:
    gone = [process(f"e{n}", 1, seen_ms=n * 60_000) for n in range(5)]
    answers = Answers([process("worker", 9)], [], control(), 0.3, 900_000, gone)
    lines = told(control(), answers).text.splitlines()
    assert lines[0].endswith("· all 1 answered in 0.3 s")
    assert lines[1:4] == ["worker", "gone: e4@box:7, seen 11 min ago", "gone: e3@box:7, seen 12 min ago"]
    assert lines[5] == "and 2 more gone"


def test_without_redis_the_answer_says_what_holds_all_the_same() -> None:
    text = told(control(), None, "Redis is away (Error 111)").text
    assert "\nRedis is away (Error 111).\n" in text
    assert "all are told as soon as Redis is back" in text


def test_nobody_is_there_to_answer() -> None:
    assert "no process is there" in told(control(), Answers([], [], control(), 0.0, 0)).text


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(hours=2, minutes=5), "11:57 WIB (2 h 05 ago)"),
        (timedelta(days=3), "Sat 15 Jan 14:02 WIB (3 d 0 h ago)"),
        (timedelta(seconds=-5), "14:02 WIB (0 s ago)"),
    ],
)
def test_how_old_something_is(before: timedelta, said: str) -> None:
    assert since(NOW - before, NOW) == said


@pytest.mark.parametrize(
    ("word", "wib"),
    [("15", "14:17"), ("30m", "14:32"), ("14:30", "14:30"), ("14:02", "14:02"), ("7:05", "07:05")],
)
def test_until_when_a_chat_is_quiet(word: str, wib: str) -> None:
    until = until_of(word, NOW.astimezone(UTC))
    assert f"{until.astimezone(WIB):%H:%M}" == wib
    assert timedelta() < until - NOW <= timedelta(days=1)


@given(st.text(max_size=10))
def test_any_word_is_a_time_or_refused(word: str) -> None:
    try:
        until = until_of(word, NOW)
    except InvalidRequest:
        return
    assert timedelta() < until - NOW <= timedelta(days=1)


@pytest.mark.parametrize(("word", "value"), [("0.1", "0.1"), ("2", "2"), ("1,25", "1.25"), ("1.5%", "1.5")])
def test_a_risk_within_its_bounds(word: str, value: str) -> None:
    assert read_risk([word], CAP) == Decimal(value)


@pytest.mark.parametrize(
    "words", [["0.09"], ["2.01"], ["-1"], ["1e0"], ["NaN"], ["1", "2"], ["٢"], [""], ["1.0000"]]
)
def test_a_risk_beyond_them(words: list[str]) -> None:
    with pytest.raises(InvalidRequest, match=r"from 0\.1 to 2\.0"):
        read_risk(words, CAP)


def test_each_role_may_what_those_below_it_may() -> None:
    assert [
        [reaches(role, needed) for needed in ("viewer", "trader", "admin")] for role in ("viewer", "admin")
    ] == [
        [True, False, False],
        [True, True, True],
    ]


def test_what_acts_waits_for_its_turn_and_what_asks_does_not() -> None:
    commands = all_commands()

    def one(kind: str, **more: object) -> Heard:
        return Heard(1, kind, 5, "5", **more)  # type: ignore[arg-type]

    assert acts(commands, one("command", words=["panic"]))
    assert not acts(commands, one("command", words=["status"]))
    assert not acts(commands, one("command", words=["nothing"]))
    assert acts(commands, one("press", data="a:ib_1:up"))
    assert acts(commands, one("press", data="made up"))
    assert not acts(commands, one("press", data="p:status:"))
    assert acts(commands, one("reaction", gained=["👍"]))


def test_no_two_commands_have_one_name() -> None:
    one = all_commands()["risk"]
    other = Command("risk", "viewer", "another", one.handler)
    with pytest.raises(ValueError, match="/risk"):
        by_name([one, other])


def test_every_command_fits_into_a_menu() -> None:
    for name, command in all_commands().items():
        assert name.islower()
        assert len(name) <= 32
        assert 3 <= len(command.help) <= 60
        assert not command.help.endswith(".")
