"""Use cases stand apart from the terminal: who may know click, rich, a connection."""

from __future__ import annotations

import ast
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.waiting import LONGEST_S
from tests.unit.test_imports import ALLOWED, ROOT, files_of, imported_by, modules_of

#: Parse arguments and print; all else of a room knows no command line.
COMMAND_LINE = {
    "sink/command_line.py",
    "sink/__main__.py",
    "worker/__main__.py",
    "worker/dead_letter_commands.py",
    "replay/__main__.py",
    "replay/arguments.py",
    "replay/comparing/diff_command.py",
    "replay/counting.py",
    "replay/sessions/session_commands.py",
    "outbox/__main__.py",
    "reports/__main__.py",
    "reports/commands/arguments.py",
    "reports/commands/rules_commands.py",
    "web/__main__.py",
    "web/key_commands.py",
    "desk/__main__.py",
    "desk/drill_command.py",
    "desk/user_commands.py",
    "market/__main__.py",
    "market/command_line.py",
    "guard/__main__.py",
    "guard/alert_commands.py",
    "guard/rule_commands.py",
    "ghost/__main__.py",
    "ghost/line_commands.py",
    "ghost/order_commands.py",
    "ghost/shell.py",
}
ROOMS = (
    "signaltape.control",
    "sink",
    "worker",
    "replay",
    "outbox",
    "reports",
    "web",
    "desk",
    "market",
    "ghost",
    "guard",
)
#: What opens a connection, by the name under which it is imported.
OPENING = {
    ("sink.db", "connect"),
    ("signaltape.redis_client", "redis_client"),
    ("signaltape.redis_client", "open_redis"),
    ("signaltape.shipping.client", "client"),
    ("redis", "Redis"),
    ("consumer.consumer", "Consumer"),
}
#: Where clients of Redis are made: here alone.
REDIS = "signaltape/redis_client.py"


def product() -> list[Path]:
    return [path for room in ALLOWED for path in files_of(room)]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix().removeprefix("producer/")


def imported_names(path: Path) -> set[tuple[str, str]]:
    nodes = ast.walk(ast.parse(path.read_text()))
    found = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {(str(node.module), alias.name) for node in found for alias in node.names}


def operations() -> list[ModuleType]:
    """The module `operations` of each room, or all modules of the package."""
    found = []
    for room in ROOMS:
        module = import_module(f"{room}.operations")
        inner = pkgutil.iter_modules(getattr(module, "__path__", []))
        found += [module, *(import_module(f"{room}.operations.{one.name}") for one in inner)]
    return found


def test_only_what_is_a_command_line_knows_click() -> None:
    knowing = {name_of(path) for path in product() if "click" in imported_by(path)}
    assert knowing == COMMAND_LINE - {"replay/counting.py"}


def test_only_what_is_a_command_line_shows_progress() -> None:
    knowing = {name_of(path) for path in product() if "rich" in imported_by(path)}
    assert knowing <= COMMAND_LINE


@pytest.mark.parametrize("module", operations(), ids=lambda module: module.__name__)
def test_an_operation_neither_prints_nor_ends_the_process(module: ModuleType) -> None:
    path = Path(str(module.__file__))
    assert not imported_by(path) & {"click", "rich", "sys"}
    assert not {one for one in modules_of(path) if one.startswith("signaltape.terminal")}


def test_nothing_that_an_operation_reaches_prints_or_ends_the_process() -> None:
    reached = _reached_from([module.__name__ for module in operations()])
    assert {name: found & {"click", "rich"} for name, found in reached.items()} == {
        module.__name__: set() for module in operations()
    }


#: Loads what most of them need once; then each module in a process of its own.
_EACH = """
import os, sys
import aiohttp, psycopg, redis, scipy.special
for name in sys.argv[1:]:
    if os.fork() == 0:
        __import__(name)
        print(name, *sys.modules, flush=True)
        os._exit(0)
    if os.wait()[1]:
        sys.exit(f"{name} cannot be imported")
"""


def _reached_from(names: list[str]) -> dict[str, set[str]]:
    """What a process has loaded that imports nothing but one of these."""
    environment = {"PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _EACH, *names],
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST_S,
        env=environment,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return {name: set(loaded) for name, *loaded in lines}


@pytest.mark.parametrize("name", sorted(COMMAND_LINE))
def test_a_command_line_opens_no_connection(name: str) -> None:
    assert not imported_names(ROOT / name) & OPENING


def test_every_client_of_redis_is_made_in_one_place() -> None:
    for path in product():
        if name_of(path) != REDIS:
            text = path.read_text()
            assert "Redis.from_url" not in text, name_of(path)
            assert "redis.Redis(" not in text, name_of(path)
