"""Whatever is typed behind the replay commands: it works, or one line says what is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.__main__ import main
from replay.archive.layout import sessions_folder
from replay.sessions.reprocess import offset
from signaltape.replay import Controls, Player
from tests.support.archived import record, write

FOR_EVER = ("--from", "0001-01-01", "--to", "9999-12-31")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of three orders, and no server."""
    write(tmp_path, [record("order_log", n=number) for number in range(3)])
    for name in ("REDIS_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIGNALTAPE_DATA", str(tmp_path))
    monkeypatch.setenv("SIGNALTAPE_HOME", str(tmp_path / "home"))
    return tmp_path


def run(*arguments: str) -> Result:
    found = CliRunner().invoke(main, arguments)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


def session() -> str:
    return run("build", *FOR_EVER).stdout.split()[1].rstrip(":")


@pytest.mark.parametrize(
    "edge",
    [
        *(
            "9999-12-31",
            "9999-12-31T23:59:59.999999",
            "9999-12-31T23:59:59-14:00",
            "9999-12-31T23:59:59+14:00",
        ),
        *("2200-01-01", "2100-12-31"),
    ],
)
@pytest.mark.parametrize(
    "begin", ["0001-01-01", "0001-01-01T00:00+14:00", "0001-01-01T00:00-14:00", "1969-12-31"]
)
def test_moments_at_the_edges_of_the_calendar_mean_for_ever(data: Path, begin: str, edge: str) -> None:
    assert ": 3 events from archive" in run("build", "--from", begin, "--to", edge).stdout
    assert json.loads(run("list", "--json").stdout)[0]["totalEvents"] == 3
    assert run("list").exit_code == 0


@pytest.mark.parametrize(
    "odd", ["", "x", "2022-13-01", "2022-02-30", "10000-01-01", "99999999999999999999", "²", "now"]
)
def test_what_is_no_moment_is_refused(data: Path, odd: str) -> None:
    found = run("build", "--from", odd, "--to", "2023-01-01")
    assert (found.exit_code, "a time looks like" in found.stderr) == (2, True)


@pytest.mark.parametrize("speed", ["nan", "inf", "-inf", "0", "-1", "1e999", "x", "", "-0.0", "1e-400"])
def test_what_is_no_speed_is_refused(data: Path, speed: str) -> None:
    name = session()
    for command in (("build", *FOR_EVER), ("run", name)):
        found = run(*command, "--speed", speed)
        assert (found.exit_code, "a speed is a number above 0" in found.stderr) == (2, True)


@pytest.mark.parametrize("speed", [float("nan"), float("inf"), 0, -1])
def test_a_player_refuses_what_is_no_speed(data: Path, speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be a number above 0"):
        Player(sessions_folder(data) / session(), speed=speed, controls=Controls())


@pytest.mark.parametrize("speed", [-1, 0, None])
def test_a_manifest_with_an_odd_speed_does_not_end_in_a_traceback(
    data: Path, monkeypatch: pytest.MonkeyPatch, speed: float | None
) -> None:
    name = session()
    path = sessions_folder(data) / name / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "speedFactor": speed}))
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    found = run("run", name)
    assert (found.exit_code, found.stderr.count("Error: ")) == (1, 1)
    assert "speed" in found.stderr


@pytest.mark.parametrize("count", ["0", "-1", "nan", "1e3", str(sys.maxsize + 1), "9" * 40])
def test_what_is_no_number_of_events_is_refused(data: Path, count: str) -> None:
    assert run("build", *FOR_EVER, "--max-events", count).exit_code == 2
    assert run("build", *FOR_EVER, "--max-events", str(sys.maxsize)).exit_code == 0


ODD_IDS = [
    "../x",
    "..",
    ".",
    "/etc",
    "a/b",
    "a\\b",
    "a\0b"[:1] + "%00",
    "x" * 65,
    "-x",
    "é",
    "a\n",
    " ",
    "~",
    "\udcff",
]


@pytest.mark.parametrize("odd", ODD_IDS)
@pytest.mark.parametrize(
    "command", ["show", "run", "stop", "pause", "status", "delete", "load", "seek", "health"]
)
def test_odd_session_ids_are_refused_by_every_command(data: Path, command: str, odd: str) -> None:
    arguments = {"seek": (odd, "1"), "health": ("--session", odd)}.get(command, (odd,))
    found = run(command, "--", *arguments) if command != "health" else run(command, *arguments)
    assert found.exit_code == 1
    assert "a session id is made of letters" in found.stderr + found.stdout


def test_an_empty_session_id_is_not_all_of_them(data: Path) -> None:
    assert run("health", "--session", "").exit_code == 1


@pytest.mark.parametrize(
    "odd", ["../x", "/etc/passwd", "a\udcffb", "x" * 10_000, ",,,", "%", "'; DROP TABLE x"]
)
def test_odd_symbols_types_and_notes_are_only_texts(data: Path, odd: str) -> None:
    found = run("build", *FOR_EVER, "--symbols", odd, "--types", odd, "--notes", odd)
    assert found.exit_code == 0
    assert run("show", found.stdout.split()[1].rstrip(":")).exit_code == 0


@pytest.mark.parametrize(
    "text", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00"]
)
def test_an_offset_at_the_edges_of_the_calendar_is_one(text: str) -> None:
    left, _, right = offset(text).partition("-")
    assert (int(left) >= 0, right) == (True, "0")


@pytest.mark.parametrize("text", ["²²²²²²²²²²-0", "9" * 30, "1642395600000-x", "-1", "1642395600000-0-0"])
def test_what_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an entry id such as"):
        offset(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        ["--from", "--to", "--speed", "--max-events", "--symbols", "--types", "--notes", "--source"]
    ),
    st.one_of(
        st.text(max_size=20), st.from_regex(r"[0-9eE.:TZ+-]{1,25}", fullmatch=True), st.floats().map(str)
    ),
)
def test_no_argument_ends_in_a_traceback(data: Path, option: str, value: str) -> None:
    assert run("build", *FOR_EVER, f"{option}={value}").exit_code in (0, 1, 2)
