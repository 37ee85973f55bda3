"""Whatever is typed behind a command: an exit code that means something and one line, never a traceback."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signaltape.clock import from_epoch_ms
from tests.attack.effort import tried
from tests.attack.run import ROOMS, assert_well_behaved, environment_of, run
from tests.attack.way import Way, within
from tests.support.samples import SAMPLES

pytestmark = pytest.mark.deep

#: These run until they are ended, unless this is said too.
_ENDS_WITH: dict[tuple[str, ...], list[str]] = {
    one: ["--once"] for one in (("worker",), ("replay", "archive"), ("ghost",), ("guard",))
}
#: These run for ever, or for longer than there is time here; what they read is checked by their own tests.
_LEFT_OUT = {
    ("reports", "schedule"),
    ("reports", "evidence"),
    ("replay", "run"),
    ("replay", "serve"),
    ("web",),
    ("market",),
}
_HANGS_S = 60.0

_moments = [
    *(
        "2022-01-17",
        "2022-01-17T09:30",
        "0001-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31",
        "9999-12-31T23:59:59",
    ),
    *(
        "2022-01-17T25:00",
        "2022-02-30",
        "1642376400000-0",
        "-",
        "+",
        "0-0",
        "99999999999999999999-1",
        "1-1-1",
        "now",
    ),
    "9999-12-31T23:59:59-14:00",
]
_weeks = [
    "2022-W03",
    "0001-W01",
    "0000-W01",
    "9999-W52",
    "9999-W53",
    "2022-W00",
    "2022-W54",
    "2022-w03",
    "2022-W3",
]
_numbers = [
    "0",
    "-1",
    "1",
    "nan",
    "inf",
    "-inf",
    "1e309",
    "1e-320",
    "9" * 30,
    "1_000",
    "٣",
    "0x10",
    "2147483648",
]
_odd = [
    *(
        "",
        " ",
        "..",
        "../../etc/passwd",
        "/",
        "/dev/null",
        "/dev/null/x",
        "/proc/self/mem",
        "%s",
        "%",
        "{}",
        "{0}",
    ),
    *(
        "é",
        "日本",
        "🚀",
        "a\nb",
        "\x1b[31m",
        "x" * 5000,
        "'; DROP TABLE signals; --",
        "--help",
        "-",
        "--",
        "[red]",
    ),
    *(
        "8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11",
        "null",
        "true",
        "market_trade",
        "signal_closed",
        "*",
        "all",
        "\udcff",
    ),
]
words = st.one_of(
    st.sampled_from(_moments),
    st.sampled_from(_weeks),
    st.sampled_from(_numbers),
    st.sampled_from(_odd),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)


def _leaves(command: click.Command, path: tuple[str, ...]) -> dict[tuple[str, ...], click.Command]:
    found = {}
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            found.update(_leaves(inner, (*path, name)))
        if command.invoke_without_command:
            found[path] = command
    else:
        found[path] = command
    return {way: leaf for way, leaf in found.items() if way not in _LEFT_OUT}


COMMANDS = {path: leaf for room, main in ROOMS.items() for path, leaf in _leaves(main, (room,)).items()}


def _fitting(parameter: click.Parameter) -> st.SearchStrategy[str]:
    """Words for a parameter: those of its kind above all, so that not all is refused at the door."""
    kind = parameter.type.name
    if isinstance(parameter.type, click.Choice):
        return st.sampled_from([str(choice) for choice in parameter.type.choices]) | words
    fitting = {"week": _weeks, "time": _moments, "datetime": _moments}.get(kind)
    if fitting is None and ("integer" in kind or "float" in kind):
        fitting = _numbers
    if fitting is None and parameter.name in ("start", "end", "since", "until"):
        fitting = _moments
    return st.sampled_from(fitting) | words if fitting else words


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command with some of its options and arguments, and sometimes a word too many."""
    path = draw(st.sampled_from(sorted(COMMANDS)))
    line = [*path[1:], *_ENDS_WITH.get(path, [])]
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            if parameter.name == "metrics_port":
                continue  # a port of this machine
            if parameter.required or draw(st.integers(0, 2)) == 0:
                name = parameter.opts[0]
                line += [name] if parameter.is_flag else [name, draw(_fitting(parameter))]
        else:
            line += [
                draw(_fitting(parameter))
                for _ in range(1 if parameter.nargs == 1 else draw(st.integers(0, 2)))
            ]
    if draw(st.integers(0, 9)) == 0:
        line.append(draw(words))
    return [path[0], *line]


@pytest.fixture(scope="module")
def filled(way: Way) -> Way:
    """Something is stored, dead, archived, and built as a session."""
    way.add(
        [[b"event", b"signal_closed", b"data", b"{}"], [b"event", b"x", b"data", b"\xff"], [b"a", b"b"]],
    )
    with way.emitter() as tape:
        for name, make in SAMPLES.items():
            moment = from_epoch_ms(1_642_400_000_000)
            assert getattr(tape, name.removeprefix("signal_"))(make(ts=moment))
    way.ship()
    way.store()
    way.archive()
    return way


@tried(400)
@given(command_lines())
@example(["reports", "scorecard", "--week", "0001-W01"])
@example(["reports", "scorecard", "--week", "9999-W52"])
@example(["reports", "qa", "--week", "9999-W52"])
@example(["replay", "build", "--from", "2022-01-17", "--to", "9999-12-31"])
@example(["replay", "build", "--from", "0001-01-01", "--to", "2022-01-18"])
@example(["replay", "build", "--from", "2022-01-17", "--to", "2022-01-18", "--speed", "nan"])
@example(["worker", "dead-letters", "list", "--since", "9999-12-31"])
def test_no_command_line_ends_in_a_traceback(filled: Way, line: list[str]) -> None:
    ran = within(_HANGS_S, lambda: run(line[0], line[1:], environment_of(filled.settings)))
    assert_well_behaved(ran, line)


@tried(30)
@given(speed=st.sampled_from(["nan", "inf", "-inf", "-1", "0", "1e308", "1e309", "abc", "", "1000000"]))
@example("nan")
def test_a_replay_at_any_speed_ends_without_a_traceback(filled: Way, speed: str) -> None:
    environment = environment_of(filled.settings)
    built = run("replay", ["build", "--from", "2022-01-17", "--to", "2022-01-18"], environment)
    assert built.code == 0, built
    session = built.said.split()[1].rstrip(":")
    ran = within(_HANGS_S, lambda: run("replay", ["run", session, "--speed", speed], environment))
    assert_well_behaved(ran, speed)
    assert run("replay", ["delete", session], environment).code == 0


_signaltape = st.sampled_from(["ship", "schema", "emit", "doctor", "--help", "nothing"])
_json = st.sampled_from(
    ["{}", "[]", "{", "-", '{"a":1e999999}', "[" * 3000, '{"signal_id":1}', "9" * 5000, "NaN", "\\u"]
)


@tried(200)
@given(
    command=_signaltape, line=st.lists(words | _json | st.sampled_from(["--once", "--resend"]), max_size=3)
)
@example(command="emit", line=["signal_closed", "[" * 3000])
@example(command="emit", line=["signal_closed", "9" * 5000])
@example(command="ship", line=["--once", "--resend", "99999999999999999999d"])
@example(command="ship", line=["--once", "--resend", "0001-01-01"])
def test_no_command_line_of_the_engine_ends_in_a_traceback(
    filled: Way, command: str, line: list[str]
) -> None:
    arguments: list[Any] = [command, *line]
    if command == "ship" and "--once" not in line:
        arguments.append("--once")
    ran = within(_HANGS_S, lambda: run("signaltape", arguments, environment_of(filled.settings)))
    assert_well_behaved(ran, arguments)
