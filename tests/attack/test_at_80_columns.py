"""Every command that shows something, at 80 columns: it fits, its words are whole, and `--json` says the same."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from typing import Any

import click
import pytest
from rich.cells import cell_len

from deploy.embedded.servers import Urls
from signaltape.commands import cli
from signaltape.terminal.cells import plain
from tests.attack.conftest import kept, new_way
from tests.attack.run import ROOMS, Ran, assert_well_behaved, environment_of, run
from tests.attack.shown import HOSTILE, LONG, ORDINARY, SHOWN, Known, Names, fill
from tests.attack.way import Way

COLUMNS = 80
#: These do something, and say in a line what they did; or they are for programs alone.
ACTS = {
    *(("signaltape", name) for name in ("ship", "schema", "emit", "pause", "resume")),
    *(("sink", name) for name in ("migrate", "rebuild", "purge")),
    ("worker",),
    *(("worker", "dead-letters", name) for name in ("requeue", "drop")),
    *(("reports", name) for name in ("schedule", "qa")),
    ("reports", "deliveries", "resend"),
    *(("reports", "rules", name) for name in ("accept", "reject", "export")),
    *(
        ("replay", name)
        for name in ("archive", "serve", "build", "run", "stop", "pause", "resume", "step", "seek")
    ),
    *(("replay", name) for name in ("delete", "load", "stream", "fill", "speed", "loop")),
    *(("outbox", "preview"), ("web",), ("web", "keys", "revoke")),
    *(("desk",), ("desk", "users", "add"), ("desk", "users", "remove")),
    ("market",),
    *(
        ("ghost",),
        ("ghost", "place"),
        ("ghost", "cancel"),
        ("ghost", "line", "set"),
        ("ghost", "line", "cancel"),
    ),
    *(("guard",), *(("guard", name) for name in ("snooze", "unsnooze", "stamp"))),
}
#: Nothing of these is there in an empty house.
_OF_ONE = {
    *(("worker", "dead-letters", "show"), ("reports", "rules", "show"), ("reports", "whatif")),
    *(("replay", "show"), ("replay", "status")),
    *(("market", "symbols"), ("market", "providers")),
}
#: They show something only where an engine was fed by a replay (tests/integration/test_replay_diff.py), where a ghost
#: has followed a tape (test_ghost_commands.py there), a guard something measured (test_guard_commands.py), where a day
#: was sealed (test_sealed_told.py) or a right is missing (test_rights_left.py).
_ELSEWHERE = {
    ("replay", "diff"),
    *(("ghost", name) for name in ("list", "show", "pnl", "lines", "digest")),
    *(("guard", name) for name in ("list", "budget", "check", "rules")),
    *(("sink", name) for name in ("seal", "verify", "rights")),
}
#: An id is shortened; a word of ours is shorter than this.
_LONGEST_WORD = 18

House = tuple[Way, Known, Names | None]


@pytest.fixture(
    scope="module", params=[None, ORDINARY, LONG, HOSTILE], ids=["empty", "ordinary", "long", "hostile"]
)
def house(
    request: pytest.FixtureRequest, servers: Urls, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    names: Names | None = request.param
    stream = names.stream if names else ""
    with new_way(servers, template, tmp_path_factory, stream, shipped_keep_s=900) as way:
        with kept():
            known = fill(way, names) if names else Known()
        yield way, known, names


def ask(house: House, command: tuple[str, ...], *more: str) -> Ran:
    way, known, _ = house
    line = [*command[1:], *more, *SHOWN[command].arguments(known)]
    ran = run(command[0], line, {**environment_of(way.settings), "COLUMNS": str(COLUMNS)})
    assert_well_behaved(ran, line)
    return ran


@pytest.mark.parametrize("command", SHOWN, ids=" ".join)
def test_it_fits_and_says_what_its_json_says(house: House, command: tuple[str, ...]) -> None:
    shown, as_json = ask(house, command), ask(house, command, "--json")
    if house[2] is None and command in _OF_ONE:
        assert (shown.out, as_json.out) == ("", "")
        assert shown.code == as_json.code > 0
        return
    lines = shown.out.split("\n")
    assert max(map(cell_len, lines)) <= COLUMNS, shown.out
    assert all(line.isprintable() for line in lines), shown.out
    document = json.loads(as_json.out)
    assert_shortened_ids_only(shown.out, document)
    assert shown.code == as_json.code
    expected = SHOWN[command]
    counted = expected.counted(document)
    if counted or house[2] is not None:
        found = re.search(expected.said, shown.out)
        assert found, shown.out
        assert int(found[1]) == counted
    if house[2] is not None:
        assert counted
        for head in expected.heads:
            assert re.search(rf"(?m)(^|  |\d ){re.escape(head)}( |$)", shown.out), f"{head}: {shown.out}"
    assert "\n\n\n" not in shown.out
    assert lines[0].strip(), "the first line answers"
    assert re.search(r"\n→ .*(\n  .*)*\n\Z", shown.out), "the last line says what to do next"


def assert_shortened_ids_only(out: str, document: Any) -> None:
    """What was shortened in its middle is a long text of the document, never a word of ours."""
    whole = {
        word for text in _texts(document) for word in plain(text).split(" ") if len(word) > _LONGEST_WORD
    }
    for token in re.findall(r"\S+…\S+", out):
        begin, _, end = token.partition("…")
        assert any(begin.strip("(,;:") in word and end.strip("),;:") in word for word in whole), (
            f"{token}: {out}"
        )


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield from (name, *_texts(value))
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)
    elif isinstance(document, str):
        yield document


def test_every_command_is_known_here_and_those_that_show_something_have_json() -> None:
    commands = {path: options for room, main in ROOMS.items() for path, options in _of_click(main, (room,))}
    commands |= _of_argparse()
    assert not set(SHOWN) & ACTS
    assert set(commands) == {*SHOWN, *ACTS, *_ELSEWHERE}
    assert {path for path, options in commands.items() if "--json" in options} == {*SHOWN, *_ELSEWHERE}


def _of_click(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Every command that can be given, with its options; a group too, where it does something by itself."""
    options = {option for parameter in command.params for option in parameter.opts}
    if not isinstance(command, click.Group):
        yield path, options
        return
    if command.invoke_without_command:
        yield path, options
    for name, inner in command.commands.items():
        yield from _of_click(inner, (*path, name))


def _of_argparse() -> dict[tuple[str, ...], set[str]]:
    (commands,) = (
        action for action in cli._parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return {
        ("signaltape", name): set(parser._option_string_actions) for name, parser in commands.choices.items()
    }
