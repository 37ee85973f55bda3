"""What a replayed engine emits is kept apart, and held against what was recorded."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from click.testing import CliRunner

from replay.comparing.diff_command import diff as diff_command
from replay.comparing.runs import NOT_DONE
from replay.operations.diff import SessionDiff, diff_session
from replay.operations.playing import run_session
from replay.operations.sessions import delete_session
from replay.sessions.sources import Span
from signaltape import Emitter, Secret, Settings
from signaltape.errors import NotFound
from signaltape.replay import ReplayFeed
from signaltape.replay.session import read_events
from signaltape.stream import output_key
from tests.integration.archiving import NOON
from tests.integration.conftest import environment_of, own_valkey
from tests.integration.replaying import archived, session
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import closed
from tests.support.small_engine import CANDLES, MINUTE, Params, recorded, replayed

SIGNALS = CANDLES // 3


@pytest.fixture
def fed(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of an engine that is fed by a replay."""
    return msgspec.structs.replace(settings, run_mode="REPLAY", data=tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return recorded(tmp_path)


def diff(settings: Settings, folder: Path, within_s: float = 0.0) -> SessionDiff:
    return diff_session(settings, folder.name, within_s=within_s)


def test_the_same_engine_is_identical_and_nothing_of_it_reaches_the_live_stream(
    fed: Settings, folder: Path, redis_client: Any, key: str
) -> None:
    tape = replayed(fed, folder)
    assert not tape.enabled
    found = diff(fed, folder)
    assert (found.identical, found.said, found.first) == (True, f"identical: {CANDLES} events", None)
    assert (found.signals.same, found.signals.recorded, found.changes, found.notes) == (
        SIGNALS,
        SIGNALS,
        [],
        [],
    )
    assert found.signals.replayed_r == Decimal("1.80") * SIGNALS
    assert not redis_client.exists(key)
    assert not fed.home.exists()
    assert tape.stats() | {"kept_apart": CANDLES, "not_kept": 0, "accepted": 0} == tape.stats()


def test_the_first_divergence_is_named_with_both_values_and_all_signals_are_counted_in_r(
    fed: Settings, folder: Path
) -> None:
    replayed(fed, folder, Params(rr="2.5"))
    found = diff(fed, folder)
    assert found.first is not None
    assert (found.identical, found.first.number, found.first.event) == (False, 1, "signal_published")
    assert [(one.field, *one.values) for one in found.first.fields] == [("rr", "1.80", "2.5")]
    assert found.said.endswith("signal_published of BTC-PERP: rr was 1.80, is 2.5 in the replay")
    assert (found.signals.other_outcome, found.signals.difference) == (SIGNALS, Decimal("0.70") * SIGNALS)
    assert {one.what for one in found.changes} == {"other outcome"}


def test_what_vanished_and_appeared_is_told_apart(fed: Settings, folder: Path) -> None:
    replayed(fed, folder, Params(least=2))
    found = diff(fed, folder)
    assert found.first is not None
    assert (found.first.what, found.first.number, found.signals.vanished) == ("vanished", 1, 2)
    assert [one.difference for one in found.changes] == [Decimal("-1.80")] * 2


def test_an_engine_that_makes_new_ids_is_known_by_what_it_says(fed: Settings, folder: Path) -> None:
    replayed(fed, folder, Params(fresh_ids=True))
    assert diff(fed, folder).identical


def test_an_event_without_a_time_gets_that_of_the_replay(fed: Settings, folder: Path) -> None:
    replayed(fed, folder, Params(stamped=True))
    assert diff(fed, folder).identical


def test_only_the_last_run_counts(fed: Settings, folder: Path) -> None:
    replayed(fed, folder, Params(rr="3"))
    replayed(fed, folder, Params(least=1000))
    found = diff(fed, folder)
    assert (found.signals.vanished, found.signals.replayed) == (SIGNALS, 0)
    replayed(fed, folder)
    assert diff(fed, folder).identical


def test_a_loop_begins_anew(fed: Settings, folder: Path, redis_client: Any) -> None:
    with Emitter(fed) as tape:
        feed = ReplayFeed(folder, loop=True, mode="FULL_DECISION")
        seen: list[bool] = []

        def on_candle(_event: Any) -> None:
            seen.append(tape.closed(closed()))
            if len(seen) == CANDLES + 2:
                feed.controls.stop()

        feed.on("MARKET_CANDLE", on_candle).run()
    names = [fields[b"event"] for _, fields in redis_client.xrange(output_key(fed.stream, folder.name))]
    assert names == [b"replay_began", b"signal_closed", b"signal_closed", b"replay_ended", b"replay_ended"]
    assert diff(fed, folder).verdict == "different"


def test_a_replay_that_was_stopped_is_compared_as_far_as_it_came(fed: Settings, folder: Path) -> None:
    replayed(fed, folder, stop_after=5)
    found = diff(fed, folder)
    assert (found.verdict, found.said) == ("unknown", "cannot be said: the replay was stopped")
    assert found.notes == ["no difference as far as it is known: 5 events, up to 2022-01-17 12:04:00 WIB"]
    replayed(fed, folder, Params(rr="9.9"), stop_after=5)
    found = diff(fed, folder)
    assert (found.verdict, found.events.different, found.events.vanished) == ("different", 3, 0)
    assert found.notes == ["the replay was stopped: compared up to 2022-01-17 12:04:00 WIB"]


def test_what_the_session_cannot_know_is_left_out_and_said(fed: Settings, tmp_path: Path) -> None:
    earlier = ("signal_closed", closed(ts=NOON.isoformat()))
    state = ("state_event", {**RECORD_SAMPLES["state_event"], "timestamp": NOON.isoformat()})
    folder = recorded(tmp_path, earlier, state)
    with Emitter(fed) as tape:
        replayed(fed, folder)
        assert tape.closed(closed(ts=NOON + CANDLES * MINUTE)) is False
    found = diff(fed, folder)
    assert found.identical
    assert found.notes == [
        "left out: 1 event of the replay from outside the session's span",
        "left out: signals that were published before the session: 1",
        "left out: state_event, of which the replay emitted none (recorded: 1)",
    ]


def test_records_are_compared_once_the_replay_emits_their_kind(fed: Settings, tmp_path: Path) -> None:
    archived(tmp_path)
    _, folder = session(tmp_path, Span(NOON, NOON + CANDLES * MINUTE))
    assert _with_state(fed, folder).identical
    found = _with_state(fed, folder, reason="other")
    assert found.first is not None
    assert (found.first.event, found.first.fields[0].field) == ("state_event", "reason")


def test_a_record_that_is_emitted_twice_under_one_id_counts_once_as_it_does_live(
    fed: Settings, tmp_path: Path
) -> None:
    archived(tmp_path)
    _, folder = session(tmp_path, Span(NOON, NOON + CANDLES * MINUTE))
    with Emitter(fed) as tape:
        feed = ReplayFeed(folder)
        feed.on("SCORING_UPDATE", lambda event: [tape.state(event.data, id=event.event_id) for _ in range(2)])
        feed.run()
    assert diff(fed, folder).identical


def _with_state(fed: Settings, folder: Path, **changes: Any) -> SessionDiff:
    with Emitter(fed) as tape:
        feed = ReplayFeed(folder)
        feed.on("SCORING_UPDATE", lambda event: tape.state({**event.data, "id": None, **changes})).run()
    return diff(fed, folder)


def test_what_is_refused_live_is_refused_in_a_replay(fed: Settings, folder: Path) -> None:
    with Emitter(fed) as tape:
        ReplayFeed(folder).run()
        tape.closed(closed(rr_realized="no number"))
    assert tape.stats()["refused"] == 1
    assert diff(fed, folder).signals.replayed == 0


def test_without_redis_or_a_session_it_is_counted_and_said_once(
    fed: Settings, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = msgspec.structs.replace(fed, redis_url=None, stream="alone")
    with caplog.at_level(logging.WARNING, logger="signaltape"):
        tape = replayed(alone, folder)
    assert tape.stats()["not_kept"] == CANDLES
    said = [one.getMessage() for one in caplog.records if "not kept" in one.getMessage()]
    assert said == ["what the engine emits in this replay is not kept: REDIS_URL is not set"]


def test_a_redis_user_that_may_add_is_enough(fed: Settings, folder: Path, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        whole = msgspec.structs.replace(fed, redis_url=Secret(valkey.url))
        admin: Any = redis.Redis.from_url(valkey.url, protocol=2)
        out = output_key(fed.stream, folder.name)
        admin.execute_command("ACL", "SETUSER", "engine", "reset", "on", ">secret", f"~{out}", "+xadd")
        url = valkey.url.replace("unix://", "unix://engine:secret@")
        replayed(msgspec.structs.replace(fed, redis_url=Secret(url)), folder)
        assert diff(whole, folder).identical
        admin.close()


def test_an_engine_that_reads_the_stream_names_its_session(
    fed: Settings, folder: Path, redis_client: Any
) -> None:
    run_session(fed, folder.name, as_fast=True)
    assert redis_client.xlen(f"{fed.stream}:replay:{folder.name}") == 2 * CANDLES
    other = msgspec.structs.replace(fed, replay_session=folder.name, partitions=2)
    with Emitter(other) as tape:
        tape.closed(closed(ts=NOON))
    assert redis_client.xlen(output_key(fed.stream, folder.name)) >= 1


def test_an_engine_in_another_language_adds_its_events_itself(
    fed: Settings, folder: Path, redis_client: Any
) -> None:
    run_session(fed, folder.name, as_fast=True)
    key = output_key(fed.stream, folder.name)
    for event in read_events(folder):
        if event.event.startswith("signal_"):
            redis_client.xadd(key, {"event": event.event, "data": event.payload})
    assert diff(fed, folder).said == f"cannot be said: {NOT_DONE}"
    redis_client.xadd(key, {"event": "signal_closed", "data": b"{"})
    redis_client.xadd(key, {"odd": b"\xff"})
    redis_client.xadd(key, {"event": "replay_ended", "data": b'{"emitted":32,"closed":true}'})
    found = diff(fed, folder)
    assert found.said == f"identical: {CANDLES} events"
    assert found.identical
    assert found.notes[0].startswith("left out: 2 entries of the replay that break the contract, the first ")


def test_a_session_that_goes_takes_it_along(fed: Settings, folder: Path, redis_client: Any) -> None:
    with pytest.raises(NotFound, match="run one with RUN_MODE=REPLAY"):
        diff(fed, folder)
    replayed(fed, folder)
    assert redis_client.exists(output_key(fed.stream, folder.name))
    delete_session(fed, folder.name)
    assert not redis_client.exists(output_key(fed.stream, folder.name))


def test_the_command_answers_in_its_first_line_and_its_exit_code(fed: Settings, folder: Path) -> None:
    assert _command(fed, folder.name)[0] == 2
    assert _command(fed, "../x")[0] == 2
    replayed(fed, folder)
    code, out = _command(fed, folder.name)
    assert (code, out.splitlines()[0]) == (0, f"identical: {CANDLES} events")
    replayed(fed, folder, Params(rr="2.5"))
    code, out = _command(fed, folder.name)
    assert (code, out.startswith("first divergence at event 1 of 30, ")) == (1, True)
    assert max(map(len, out.splitlines())) <= 80
    code, out = _command(fed, folder.name, "--json")
    assert (code, msgspec.json.decode(out)["signals"]["otherOutcome"]) == (1, SIGNALS)


def _command(settings: Settings, *arguments: str) -> tuple[int, str]:
    environment = {**environment_of(settings), "SIGNALTAPE_DATA": str(settings.data), "COLUMNS": "80"}
    done = CliRunner().invoke(diff_command, arguments, env=environment)
    return done.exit_code, done.output
