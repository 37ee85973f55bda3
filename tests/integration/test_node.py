"""An engine in another language: the Node example, with the stock client, lands in the tables."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import ROOT, Runner, environment_of
from tests.support.waiting import LONGEST_S

#: The client is installed once per checkout, outside what git tracks.
MODULES = ROOT / ".signaltape" / "node"
CLIENT = "redis@5"
NODE, NPM = shutil.which("node"), shutil.which("npm")


@pytest.fixture(scope="module")
def modules() -> Path:
    assert NPM is not None
    if not (MODULES / "node_modules" / "redis").is_dir():
        MODULES.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                NPM,
                "install",
                "--no-audit",
                "--no-fund",
                "--no-package-lock",
                "--prefix",
                str(MODULES),
                CLIENT,
            ],
            check=True,
            timeout=LONGEST_S,
            capture_output=True,
        )
    return MODULES / "node_modules"


@pytest.mark.skipif(NODE is None or NPM is None, reason="node and npm are not installed here")
def test_a_node_engine_lands_in_the_tables(
    modules: Path, settings: Settings, runner: Runner, connection: Connection
) -> None:
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(ROOT / "deploy" / "examples" / "publish.js")],
        env={**os.environ, **environment_of(settings), "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    code, out, err = runner.run("worker", "--once")
    assert (code, out) == (0, "stored 3, duplicates 0, conflicts 0, dead letters 0\n"), err
    row = connection.execute(
        "SELECT s.signal_id::text, s.confluence_score::text, t.entry_fill::text, c.exit_reason"
        " FROM signals s JOIN signal_triggers t USING (signal_id) JOIN signal_closures c USING (signal_id)"
    ).fetchone()
    assert row == (done.stdout.strip(), "0.82", "222.1", "tp")
