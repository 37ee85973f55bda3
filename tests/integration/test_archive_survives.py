"""The archive's writer dies, or its disk is full: nothing is lost, doubled or torn."""

from __future__ import annotations

import json
import signal
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from signaltape import Settings
from signaltape.stream import ARCHIVE_GROUP
from tests.integration.archiving import load_stream
from tests.integration.conftest import Runner
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep


def everything(data: Path) -> Counter[int]:
    """How often each record stands in the archive; every line must be whole."""
    found: Counter[int] = Counter()
    for path in (data / "data").rglob("*.jsonl"):
        found.update(json.loads(line)["n"] for line in path.read_bytes().splitlines())
    return found


@pytest.mark.parametrize("failpoint", ["archive.before_commit", "archive.after_commit", "at random"])
def test_kill_9_again_and_again_loses_doubles_and_tears_nothing(
    settings: Settings, runner: Runner, redis_client: Any, key: str, tmp_path: Path, failpoint: str
) -> None:
    count = 20_000
    load_stream(redis_client, key, count)
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    for round_number in range(4):
        if failpoint == "at random":
            process = runner.start("replay", "archive", **data)
            expected = (round_number + 1) * count // 8
            eventually(partial(has_read, redis_client, key, expected))
            process.popen.send_signal(signal.SIGKILL)
        else:
            process = runner.start("replay", "archive", **data, SIGNALTAPE_FAILPOINTS=f"{failpoint}=kill@1")
        assert process.finish()[0] == -9
    code, _, err = runner.run("replay", "archive", "--once", **data)
    assert code == 0, err
    found = everything(tmp_path)
    assert len(found) == count
    assert set(found.values()) == {1}
    assert redis_client.xpending(key, ARCHIVE_GROUP)["pending"] == 0


def has_read(client: Any, key: str, count: int) -> bool:
    """Whether the archive's group was given so many entries by now."""
    groups = {one["name"]: one for one in client.xinfo_groups(key)}
    group = groups.get(ARCHIVE_GROUP.encode())
    return group is not None and int(group["entries-read"] or 0) >= count


def test_a_full_disk_is_waited_out(
    settings: Settings, runner: Runner, redis_client: Any, key: str, tmp_path: Path
) -> None:
    load_stream(redis_client, key, 100)
    limited = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); sys.argv = ['replay', 'archive', '--once'];"
        "runpy.run_module('replay', run_name='__main__')"
    )
    code, _, err = runner.fork_code(limited, SIGNALTAPE_DATA=str(tmp_path)).finish()
    assert code == 1
    assert f"Error: the archive under {tmp_path / 'data'}: " in err
    assert "Traceback" not in err
    assert runner.run("replay", "archive", "--once", SIGNALTAPE_DATA=str(tmp_path))[0] == 0
    assert set(everything(tmp_path).values()) == {1}
    assert len(everything(tmp_path)) == 100
