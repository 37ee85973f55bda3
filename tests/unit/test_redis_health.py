"""From what is known of a Redis to what may cost events."""

from __future__ import annotations

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.commands.doctor import Finding
from signaltape.redis_health import KINDS, Caution, Known, Stranded, StreamFacts, cautions
from signaltape.terminal import Screen

MIB = 1024 * 1024
WELL = Known(
    policy="noeviction",
    appendonly=True,
    appendfsync="everysec",
    save="",
    aof_write_status="ok",
    snapshot_status="ok",
    role="master",
    used_bytes=10 * MIB,
    limit_bytes=100 * MIB,
    clock_ahead_s=0.2,
    streams=[StreamFacts("tape:{0}", entries=1000, span_s=3600, bytes=MIB)],
)


def but(**changes: object) -> list[Caution]:
    return cautions(msgspec.structs.replace(WELL, **changes))


def test_a_redis_that_is_well_brings_no_caution() -> None:
    assert cautions(WELL) == []


@pytest.mark.parametrize(
    ("changes", "kind", "says", "mend"),
    [
        ({"policy": "allkeys-lru"}, "eviction", "deletes streams", "CONFIG SET maxmemory-policy noeviction"),
        ({"policy": "allkeys-random"}, "eviction", "allkeys-random", "noeviction"),
        ({"appendonly": False}, "persistence", "a restart loses all streams", "CONFIG SET appendonly yes"),
        ({"appendonly": False, "save": "3600 1"}, "persistence", "since the last snapshot", "appendonly yes"),
        ({"appendonly": False, "save": None}, "persistence", "if it writes any", "appendonly yes"),
        ({"appendfsync": "no"}, "persistence", "appendfsync is no", "CONFIG SET appendfsync everysec"),
        ({"aof_write_status": "err"}, "disk", "append-only file could not be written", "disk space"),
        ({"snapshot_status": "err", "save": "60 1"}, "disk", "snapshot failed", "disk space"),
        ({"role": "slave"}, "replica", "takes no events", "REDIS_URL"),
        ({"loading": True}, "loading", "reading its data", "wait"),
        ({"clock_ahead_s": 5.1}, "clock", "5.1 s ahead of ours", "timedatectl"),
        ({"clock_ahead_s": -60.0}, "clock", "60.0 s behind ours", "timedatectl"),
        ({"limit_bytes": 20 * MIB}, "memory", "takes 24 MiB at the rate", "more memory"),
        ({"used_bytes": 200 * MIB}, "memory", "room for 0 MiB", "SIGNALTAPE_STREAM_RETENTION_S"),
        (
            {"stranded": [Stranded("tape:{1}", 1, 9), Stranded("tape:{3}", 3, 282)]},
            "stranded",
            "entries wait",
            "or set SIGNALTAPE_PARTITIONS=4 everywhere",
        ),
        ({"policy": None, "refused": ["INFO"]}, "unknown", "whether it evicts: it refuses INFO", "provider"),
    ],
)
def test_what_may_cost_events_is_said_with_what_mends_it(
    changes: dict[str, object], kind: str, says: str, mend: str
) -> None:
    found = but(**changes)
    assert {one.kind for one in found} == {kind}
    assert any(says in one.says for one in found)
    assert all(mend in one.mend for one in found)


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": "volatile-lru"},  # ours never expire
        {"clock_ahead_s": -4.9},
        {
            "streams": [StreamFacts("tape:{0}", entries=9000, span_s=30, bytes=50 * MIB)]
        },  # one burst is no day
        {"streams": []},
        {"snapshot_status": "err"},  # it writes none
        {"used_bytes": None},
        {"refused": ["CONFIG GET"]},  # all of it was known from elsewhere
        {
            "refused": ["CONFIG GET"],
            "appendfsync": None,
            "save": None,
        },  # INFO says that it keeps data on disk
    ],
)
def test_what_costs_nothing_brings_no_caution(changes: dict[str, object]) -> None:
    assert but(**changes) == []


def test_a_day_that_the_stream_holds_already_makes_room_for_the_next() -> None:
    full = [StreamFacts("tape:{0}", entries=10, span_s=86_400, bytes=90 * MIB)]
    assert but(streams=full, used_bytes=95 * MIB) == []


def test_of_a_server_that_refuses_everything_only_that_is_said() -> None:
    (one,) = cautions(Known(refused=["INFO", "CONFIG GET", "TIME"]))
    assert one.kind == "unknown"
    assert "whether it evicts, whether it keeps data on disk" in one.says


@given(
    st.builds(
        Known,
        policy=st.sampled_from([None, "noeviction", "allkeys-lru"]),
        appendonly=st.sampled_from([None, True, False]),
        save=st.sampled_from([None, "", "60 1"]),
        used_bytes=st.none() | st.integers(0, 2**50),
        limit_bytes=st.none() | st.integers(1, 2**50),
        clock_ahead_s=st.none() | st.floats(-1e9, 1e9),
        streams=st.lists(
            st.builds(StreamFacts, st.just("k"), span_s=st.floats(0, 1e9), bytes=st.integers(0, 2**50))
        ),
        refused=st.lists(st.sampled_from(["INFO", "TIME"])),
    )
)
def test_at_a_terminal_every_caution_fits(known: Known) -> None:
    for one in cautions(known):
        assert one.kind in KINDS
        file = io.StringIO()
        Finding(True, "Redis", one.says, one.mend).show(Screen(file, 80))
        lines = file.getvalue().splitlines()
        assert max(map(len, lines)) <= 80
        assert lines[0].startswith("WARN Redis    ")
        assert " ".join(" ".join(lines).split()).endswith(one.mend)


@pytest.mark.parametrize("refused", ["XRANGE", "MEMORY USAGE"])
def test_what_a_day_takes_is_not_passed_over_where_it_cannot_be_asked(refused: str) -> None:
    (caution,) = cautions(
        Known(
            policy="noeviction",
            appendonly=True,
            limit_bytes=100,
            used_bytes=99,
            clock_ahead_s=0.0,
            refused=[refused],
        )
    )
    assert caution.says == f"not known is how much a day of events takes: it refuses {refused}"
