"""Whatever stands in the files of the archive and of a session: what is whole is found, what is not is passed over."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.clock import from_epoch_ms
from signaltape.replay import ReplayFeed, SessionError
from tests.attack.effort import tried
from tests.attack.run import assert_well_behaved, environment_of, run
from tests.attack.way import Way, within
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES, new_id

pytestmark = pytest.mark.deep

_EVENTS = 12
_SPAN = ("--from", "2022-01-17", "--to", "2022-01-18")
_rubbish = st.binary(min_size=1, max_size=30) | st.sampled_from(
    [
        b"\n",
        b"\n\n",
        b"{}",
        b"null",
        b"[]",
        b'{"_event":1}',
        b'"_id":',
        b'"_ts":"x"',
        b"\x00" * 20,
        b"}{",
        b"\xff" * 9,
    ]
)
#: Where in a file (as a share of it) what is written over it.
damages = st.lists(st.tuples(st.floats(0, 0.999), _rubbish), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def filled(way: Way) -> Way:
    """Signals, and state events of symbols that look like something else, all of one day."""
    at_ms = 1_642_395_600_000  # noon of 2022-01-17, WIB
    with way.emitter() as tape:
        for number in range(_EVENTS):
            moment = from_epoch_ms(at_ms + number)
            assert tape.closed(SAMPLES["signal_closed"](new_id(), ts=moment))
            for symbol in ("x.jsonl", "day-2020-01-01", "SOL-USDT", "é/日本"):
                assert tape.state({**RECORD_SAMPLES["state_event"], "symbol": symbol, "timestamp": moment})
    way.ship()
    way.archive()
    return way


def _spoil(path: Path, damage: list[tuple[float, bytes]]) -> set[bytes]:
    """Write over a file in some places, without making it longer; the lines that stayed whole."""
    before = path.read_bytes()
    raw = bytearray(before)
    for share, rubbish in damage:
        at = int(share * len(raw))
        raw[at : at + len(rubbish)] = rubbish[: len(raw) - at]
    path.write_bytes(raw)
    return set(before.split(b"\n")) & set(bytes(raw).split(b"\n")) - {b""}


@tried(25)
@given(damages, st.randoms(use_true_random=False))
def test_a_build_passes_over_damaged_lines_and_finds_the_others(
    filled: Way, damage: list[tuple[float, bytes]], chance: random.Random
) -> None:
    files = sorted((filled.settings.data / "data").rglob("*.jsonl"))
    files = [path for path in files if "sessions" not in path.parts]
    assert files
    path = chance.choice(files)
    before = path.read_bytes()
    try:
        whole = _spoil(path, damage)
        ran = within(
            60,
            lambda: run("replay", ["build", *_SPAN, "--source", "archive"], environment_of(filled.settings)),
        )
        assert_well_behaved(ran, damage)
        assert ran.code == 0, ran.said
    finally:
        path.write_bytes(before)
    session = (
        next(line for line in ran.said.splitlines() if line.startswith("session ")).split()[1].rstrip(":")
    )
    events = (filled.settings.data / "data" / "replay" / "sessions" / session / "events.jsonl").read_bytes()
    assert not whole - set(events.split(b"\n"))
    assert run("replay", ["delete", session], environment_of(filled.settings)).code == 0


@tried(60)
@given(damages, st.sampled_from(["events.jsonl", "manifest.json"]))
def test_a_feed_of_a_damaged_session_raises_nothing_but_its_own_error(
    filled: Way, damage: list[tuple[float, bytes]], name: str
) -> None:
    environment = environment_of(filled.settings)
    folder = _session(filled)
    path = folder / name
    before = path.read_bytes()
    try:
        _spoil(path, damage)
        played = []
        try:
            within(
                60,
                lambda: (
                    ReplayFeed(folder).on("*", lambda event: played.append((event.data, event.payload))).run()
                ),
            )
        except SessionError as error:
            assert len(str(error).splitlines()) == 1
        for command in (
            ["show", folder.name],
            ["list"],
            ["run", folder.name, "--max"],
            ["health"],
            ["status", folder.name],
        ):
            assert_well_behaved(run("replay", command, environment), (command, damage))
    finally:
        path.write_bytes(before)


def _session(way: Way) -> Path:
    """A session of all that is in the archive; built once."""
    folder = way.settings.data / "data" / "replay" / "sessions"
    for found in sorted(folder.iterdir()) if folder.is_dir() else []:
        return found
    ran = run("replay", ["build", *_SPAN, "--source", "archive"], environment_of(way.settings))
    assert ran.code == 0, ran
    return _session(way)
