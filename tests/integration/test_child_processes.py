"""What children of a process emit reaches the stream, however they were made and however they end."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from signaltape import Emitter, Settings
from signaltape.journal.home import journal_folders
from signaltape.shipping.service import ship_once
from tests.integration.conftest import Runner
from tests.support.samples import closed
from tests.support.waiting import eventually

BEGIN = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from signaltape import Emitter
from tests.support.samples import closed

def child(*_):
    tape = Emitter()
    for _ in range(50):
        assert tape.closed(**closed())

context = multiprocessing.get_context("fork")
"""
WAYS = {
    "a process": """
        one = context.Process(target=child)
        one.start(); one.join()
        assert one.exitcode == 0
    """,
    "a pool of an executor": """
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(child).result()
    """,
    "a process of a process": """
        def middle():
            child_ = context.Process(target=child)
            child_.start(); child_.join()
        one = context.Process(target=middle)
        one.start(); one.join()
    """,
    "an emitter of the parent that had emitted nothing": """
        tape = Emitter()
        def with_parents():
            for _ in range(50):
                assert tape.closed(**closed())
        one = context.Process(target=with_parents)
        one.start(); one.join()
    """,
    "a child that fails": """
        def failing():
            child()
            sys.stderr.close()
            raise SystemExit(3)
        one = context.Process(target=failing)
        one.start(); one.join()
        assert one.exitcode == 3
    """,
}


@pytest.mark.parametrize("way", WAYS)
def test_what_a_child_of_multiprocessing_emits_is_shipped_when_it_ends(
    runner: Runner, settings: Settings, redis_client: Any, key: str, way: str
) -> None:
    code, _, err = runner.start_code(BEGIN + textwrap.dedent(WAYS[way])).finish()
    assert code == 0, err
    assert redis_client.xlen(key) == 50


def test_a_child_that_was_killed_is_shipped_by_its_parent(
    runner: Runner, redis_client: Any, key: str
) -> None:
    code, _, err = runner.start_code(
        BEGIN
        + textwrap.dedent("""
        import signal
        def killed():
            child()
            os.kill(os.getpid(), signal.SIGKILL)
        tape = Emitter()
        assert tape.closed(**closed())
        one = context.Process(target=killed)
        one.start(); one.join()
        """)
    ).finish()
    assert code == 0, err
    assert redis_client.xlen(key) == 51


def test_a_child_ends_in_bounded_time_though_redis_is_away(
    runner: Runner, settings: Settings, redis_client: Any, key: str
) -> None:
    started = time.monotonic()
    code, _, err = runner.start_code(
        BEGIN + textwrap.dedent(WAYS["a process"]), REDIS_URL="redis://127.0.0.1:1/0"
    ).finish(timeout=20)
    assert code == 0, err
    assert time.monotonic() - started < 10
    assert ship_once(settings) == 50


def test_an_emitter_that_nobody_holds_any_more_is_closed_at_exit(
    runner: Runner, redis_client: Any, key: str
) -> None:
    code, _, err = runner.start_code(
        "from signaltape import Emitter\n"
        "from tests.support.samples import closed\n"
        "assert all(Emitter().closed(**closed()) for _ in range(3))\n"
    ).finish()
    assert code == 0, err
    assert redis_client.xlen(key) == 3


def test_a_forked_child_holds_no_lock_of_its_parent(
    runner: Runner, settings: Settings, redis_client: Any, key: str, tmp_path: Path
) -> None:
    """The parent lets go of its emitter, forks, and is killed; the child lives on."""
    parent = runner.start_code(
        textwrap.dedent("""
        import gc, os, signal, sys
        from signaltape import Emitter
        from tests.support.samples import closed
        assert Emitter(ship=False).closed(**closed())
        gc.collect()
        child = os.fork()
        if not child:
            os.close(1); os.close(2)
            signal.pause()
        print(child, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """)
    )
    _, out, _ = parent.finish()
    child = int(out)
    try:
        with Emitter(settings) as tape:
            tape.closed(**closed())
            eventually(lambda: redis_client.xlen(key) == 2)
    finally:
        import os
        import signal

        os.kill(child, signal.SIGKILL)
    assert len(journal_folders(settings.home)) == 2
