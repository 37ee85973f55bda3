"""What README and docs say is there: commands, options, imports, links, anchors, files, variables, metrics."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desk.settings import VARIABLES as DESK_VARIABLES
from ghost.settings import VARIABLES as GHOST_VARIABLES
from guard.settings import VARIABLES as GUARD_VARIABLES
from market.exchanges.endpoints import VARIABLES as ENDPOINT_VARIABLES
from market.settings import PROVIDERS, SYMBOLS
from signaltape.contract.events import EVENTS
from signaltape.contract.records import RECORDS
from signaltape.settings import _FIELD_OF, SECRETS, Settings
from tests.support.command_trees import Tree, tree_of
from tests.support.pages import ROOT, Command, Page, commands_in, pages
from tests.unit.test_imports import ALLOWED

PAGES = pages()
README, OPERATING = Page(ROOT / "README.md"), Page(ROOT / "docs" / "operating.md")
MOST_LINES = 200
#: Each is a command that a person calls; every one of its subcommands must stand in the docs.
ROOMS = (
    *(
        "signaltape",
        "sink",
        "worker",
        "reports",
        "replay",
        "outbox",
        "web",
        "desk",
        "market",
        "ghost",
        "guard",
    ),
    *("deploy.embedded", "deploy.demo", "deploy.demo.replay", "deploy.demo.picture"),
    *("deploy.live", "deploy.live.picture", "deploy.backup", "deploy.examples.engine_flask"),
)
FOLDERS = (
    *("producer", "consumer", "worker", "sink", "outbox", "replay", "reports"),
    *("web", "desk", "market", "ghost", "guard", "deploy", "tests", "docs"),
)
#: Variables that are no settings, and the files that read them.
OTHER_VARIABLES = {
    "SIGNALTAPE_FAILPOINTS": "producer/signaltape/failpoints.py",
    "SIGNALTAPE_SEED": "tests/simulated/test_simulation.py",
    "SIGNALTAPE_SIMULATE_RUNS": "tests/simulated/test_simulation.py",
    "PORT": "web/settings.py",
    "SIGNALTAPE_WEB_HOST": "web/settings.py",
    "SIGNALTAPE_WEB_ORIGINS": "web/settings.py",
    "DATABASE_READ_URL": "web/settings.py",
    **dict.fromkeys(DESK_VARIABLES, "desk/settings.py"),
    **dict.fromkeys(ENDPOINT_VARIABLES, "market/exchanges/endpoints.py"),
    **dict.fromkeys((PROVIDERS, SYMBOLS), "market/settings.py"),
    **dict.fromkeys(GHOST_VARIABLES, "ghost/settings.py"),
    **dict.fromkeys(GUARD_VARIABLES, "guard/settings.py"),
    "SIGNALTAPE_GUARD_RULES": "guard/rules_file.py",
    "UPDATE_SCHEMA": "tests/integration/test_migrations.py",
}
#: Names in contributing.md that are made up there.
EXAMPLES = {"funding_log"}
_PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
_VARIABLE = re.compile(r"\b(?:SIGNALTAPE_[A-Z_]+|TELEGRAM_[A-Z_]+|[A-Z]+_URL(?:_FILE)?)\b")
_ASSIGNED = re.compile(r"(?:^|\s)([A-Z][A-Z_]+)=")
_OPTION = re.compile(r"`(--[a-z-]+)")
_IDENTIFIER = re.compile(r"_?[A-Za-z]+(?:_[A-Za-z]+)+|_?[A-Z]{4,}")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@cache
def tree(room: str) -> Tree:
    return tree_of(room)


@cache
def makefile() -> tuple[set[str], set[str]]:
    """The targets, and the variables that a person may give."""
    text = (ROOT / "Makefile").read_text()
    values = dict(re.findall(r"^(\w+) [:?]= (.+)$", text, re.MULTILINE))
    for name in reversed(values):
        text = text.replace(f"$({name})", values[name])
    for name in reversed(values):  # those within values
        text = text.replace(f"$({name})", values[name])
    targets = set(re.findall(r"^([\w./-]+):(?!=)", text, re.MULTILINE))
    return targets, {*re.findall(r"\$\(([A-Z]+)\)", text), *values}


def wrong_with(command: Command) -> list[str]:
    if command.program == "make":
        targets, variables = makefile()
        given = [word.partition("=") for word in command.arguments]
        return [name for name, sign, _ in given if name not in (variables if sign else targets)]
    if command.program.partition(".")[0] not in {"signaltape", *FOLDERS}:
        return []  # not ours
    return tree(command.program).follow(command.arguments)[1]


@every_page
def test_every_command_exists(page: Page) -> None:
    for command in page.commands():
        assert not wrong_with(command), f"{command}: {wrong_with(command)}"


@every_page
def test_every_option_beside_a_command_is_one_of_it(page: Page) -> None:
    for cells in page.rows():
        named = [one for span in re.findall(r"`([^`]+)`", cells[0]) for one in commands_in(span)]
        ours = [one for one in named if one.program.partition(".")[0] in {"signaltape", *FOLDERS}]
        if ours:
            known = {name for one in ours for name in tree(one.program).follow(one.arguments)[0].options}
            assert set(_OPTION.findall(" ".join(cells))) <= known, cells[0]


@pytest.mark.parametrize("room", ROOMS)
def test_every_command_stands_in_the_docs_and_helps(room: str) -> None:
    said = " ".join(page.text for page in PAGES)
    begin = room if room == "signaltape" else f"python -m {room}"
    for path in tree(room).paths():
        assert " ".join((begin, *path)) in said
        assert "usage" in tree(room).at(path).help.lower()
    assert begin in said


def test_what_the_procfile_starts_stands_in_the_docs() -> None:
    for line in (ROOT / "Procfile").read_text().splitlines():
        _, _, said = line.partition(": ")
        (command,) = commands_in(said)
        assert not wrong_with(command)
        assert f"`{said}`" in OPERATING.text


@every_page
def test_python_compiles_and_what_it_imports_of_ours_is_there(page: Page) -> None:
    for block in page.fences("python"):
        parsed = compile(block, page.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for node in ast.walk(parsed):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "signaltape":
                module = import_module(node.module or "")
                assert [one.name for one in node.names if not hasattr(module, one.name)] == []


def test_the_emitter_has_every_method_that_is_called_on_a_tape() -> None:
    from signaltape import Emitter

    for page in PAGES:
        for name in re.findall(r"\btape\.(\w+)\(", page.text):
            assert hasattr(Emitter, name) or name == "init_app", f"{page.name}: tape.{name}"


@every_page
def test_every_link_leads_somewhere(page: Page) -> None:
    for link in page.links():
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        assert path.exists(), link
        assert path.is_relative_to(ROOT), link
        assert not anchor or anchor in Page(path).anchors(), link


@every_page
def test_every_file_that_is_named_exists(page: Page) -> None:
    for span in page.spans():
        if _PATH.fullmatch(span):
            assert (ROOT / span).exists(), span


@every_page
def test_every_variable_is_one_that_is_read(page: Page) -> None:
    known = {*_FIELD_OF, *(f"{name}_FILE" for name in SECRETS), *OTHER_VARIABLES}
    shell = [line for line in page.shell_lines() if not line.startswith("make ")]
    named = {*_VARIABLE.findall(page.text), *(name for line in shell for name in _ASSIGNED.findall(line))}
    assert named <= known
    for name, reader in OTHER_VARIABLES.items():
        assert f'"{name}"' in (ROOT / reader).read_text()


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    said: dict[str, str] = {}
    for cells in OPERATING.rows():
        said.update({name: cells[1] for name in re.findall(r"`([A-Z_]+)`", cells[0]) if name in _FIELD_OF})
    assert said.keys() == _FIELD_OF.keys()
    for name, default in said.items():
        assert _read(default) == _as_said(getattr(Settings(), _FIELD_OF[name])), name


def _read(cell: str) -> Any:
    """A default as the table says it."""
    if cell in ("–", "off"):
        return None
    if cell.endswith(" MiB"):
        return int(cell.removesuffix(" MiB")) * 1024 * 1024
    text = cell.strip("`")
    return float(text) if re.fullmatch(r"[0-9]*\.?[0-9]+", text) else text


def _as_said(value: Any) -> Any:
    if value is None or value is False:
        return None
    return str(value) if isinstance(value, Path) else value


@cache
def code(*others: str) -> str:
    """All of the product's Python and SQL, and that of other folders."""
    folders = {*FOLDERS, *others} - ({"docs", "tests"} - set(others))
    files = (path for folder in sorted(folders) for path in (ROOT / folder).rglob("*.[ps][yq]*"))
    return "".join(path.read_text() for path in files if path.suffix in (".py", ".sql"))


def test_what_a_person_sees_in_trouble_is_said_by_the_code() -> None:
    _, _, trouble = OPERATING.prose.partition("## Trouble")
    assert trouble
    firsts = [line.split(" | ")[0] for line in trouble.splitlines() if line.startswith("| ")]
    spans = [
        span for first in firsts for span in re.findall(r"`([^`]+)`", first) if not list(commands_in(span))
    ]
    said = [piece.strip() for span in spans if " " in span for piece in span.split("…")]
    assert [piece for piece in said if piece not in code()] == []


@pytest.mark.parametrize("name", ["contributing.md", "architecture.md"])
def test_every_name_that_is_mentioned_stands_in_the_code(name: str) -> None:
    words = set(re.findall(r"\w+", code("tests")))
    spans = Page(ROOT / "docs" / name).spans()
    named = {span for span in spans if _IDENTIFIER.fullmatch(span)} - EXAMPLES
    assert named <= words


def test_every_field_of_the_contract_stands_in_the_engines_page() -> None:
    spans = " ".join(Page(ROOT / "docs" / "engine.md").spans())
    fields = {field for kind in EVENTS.values() for field in kind.__struct_fields__}
    needed = {
        one.encode_name for kind in RECORDS.values() for one in msgspec.structs.fields(kind) if one.required
    }
    assert {name for name in fields | needed if not re.search(rf"\b{name}\b", spans)} == set()
    assert {name for name in RECORDS if name not in spans} == set()


def test_the_table_of_rooms_is_the_one_that_is_held() -> None:
    said = {}
    for cells in Page(ROOT / "docs" / "architecture.md").rows():
        if cells[0].endswith("/`"):
            said[Path(cells[0].strip("`")).name] = set(cells[3].split(", ")) - {"nothing of ours"}
    assert {name: said[name] for name in said.keys() & ALLOWED.keys()} == {
        name: rooms for name, rooms in ALLOWED.items() if (ROOT / name).is_dir() or name == "signaltape"
    }


def test_the_readme_is_short_shows_a_picture_and_leads_to_every_page() -> None:
    assert len(README.text.splitlines()) <= MOST_LINES
    pictures = [link for link in README.links() if link.endswith(".png")]
    assert pictures
    assert all((ROOT / picture).stat().st_size <= 150 * 1024 for picture in pictures)
    assert {page.name for page in PAGES if page != README} <= set(README.links())


@every_page
def test_nothing_of_this_machine_stands_in_a_page(page: Page) -> None:
    assert not re.findall(r"(?<![\w:.-])/(?:home|work|tmp|root)/", page.text)
