"""Which room may import which: the table of the architecture, held."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {
    *(
        "signaltape",
        "consumer",
        "worker",
        "sink",
        "replay",
        "outbox",
        "reports",
        "market",
        "ghost",
        "desk",
        "guard",
    ),
    *("web", "deploy", "tests"),
}
#: May import, besides itself; the operations of any room are free to those that act for a person.
ALLOWED = {
    "signaltape": set(),
    "consumer": {"signaltape"},
    "worker": {"signaltape", "consumer", "sink"},
    "sink": {"signaltape", "consumer"},
    "replay": {"signaltape", "consumer", "sink"},
    "outbox": {"signaltape", "sink"},
    "reports": {"signaltape", "sink", "outbox"},
    "market": {"signaltape"},
    "ghost": {"signaltape", "consumer", "sink"},
    "desk": {"signaltape", "consumer", "sink", "outbox"},
    "guard": {"signaltape", "consumer", "sink", "outbox"},
    "web": {"signaltape", "consumer", "sink", "outbox"},
}
#: These act for a person: of other rooms they may import `<room>.operations`, and nothing else.
ACT_FOR_A_PERSON = {"web", "desk"}
#: A driver is known in one place only.
CONFINED = {
    "psycopg": {"sink"},
    "aiohttp": {"signaltape", "reports", "outbox", "market", "desk", "guard", "web"},
    "flask": {"signaltape"},
    "limits": {"signaltape", "web"},
    "prometheus_client": {"signaltape", "web"},
    "apscheduler": {"reports"},
    "aiogram": {"desk"},
}
#: The engine library itself needs only these, besides the standard library.
ENGINE_NEEDS = {"msgspec", "redis", "hiredis", "uuid_utils"}
#: Optional hooks of an engine: a library of theirs may be imported in these files, and in no other.
ONLY_IN = {
    "flask": {"integrations/flask.py", "integrations/flask_http.py"},
    "werkzeug": {"integrations/flask_http.py"},
    "aiohttp": {"integrations/aiohttp.py"},
    "limits": {"http/limiting.py"},
    "prometheus_client": {"integrations/prometheus.py"},
}
#: Names by which engines used to import a hook.
OLD_NAMES = {"flask"}


def files_of(room: str) -> list[Path]:
    folder = ROOT / "producer" / room if room == "signaltape" else ROOT / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else []


@cache
def import_lines(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """All of a file, under `if TYPE_CHECKING` and in functions too."""
    return [
        node
        for node in statements(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def statements(block: ast.AST) -> Iterator[ast.stmt]:
    """Of a block and all blocks within it; there is no need to look into expressions, of which nearly all consists."""
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for one in getattr(block, name, ()):
            if isinstance(one, ast.stmt):
                yield one
            yield from statements(one)


def imported_by(path: Path) -> set[str]:
    found: set[str] = set()
    for node in import_lines(path):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def rooms_behind(path: Path, room: str) -> set[str]:
    """Packages that are imported; without those of which it is only the operations, where a room may do that."""
    found = imported_by(path)
    if room not in ACT_FOR_A_PERSON:
        return found
    other = {
        module.partition(".")[0] for module in modules_of(path) if module.split(".")[1:2] != ["operations"]
    }
    return {one for one in found if one in other or one in _imported_whole(path)}


def _imported_whole(path: Path) -> set[str]:
    """Packages of plain `import` lines."""
    nodes = (node for node in import_lines(path) if isinstance(node, ast.Import))
    return {name.name.partition(".")[0] for node in nodes for name in node.names}


def modules_of(path: Path) -> set[str]:
    """The modules of other packages that are imported from, in full."""
    return {node.module for node in import_lines(path) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_the_design_lets_it(room: str) -> None:
    for path in files_of(room):
        wrong = (rooms_behind(path, room) & ROOMS) - ALLOWED[room] - {room}
        assert not wrong, f"{path.relative_to(ROOT)} must not import {wrong}"


@pytest.mark.parametrize("driver", CONFINED)
def test_a_driver_is_known_in_one_place_only(driver: str) -> None:
    for room in ALLOWED:
        for path in files_of(room):
            if driver in imported_by(path):
                assert room in CONFINED[driver], f"{path.relative_to(ROOT)} must not import {driver}"


def test_tables_are_laid_out_in_one_place_only() -> None:
    """Progress bars are rich's; what a command shows is for `signaltape.terminal`."""
    for room in (*ALLOWED, "deploy"):
        for path in files_of(room):
            used = {module for module in modules_of(path) if module.partition(".")[0] == "rich"}
            assert used <= {"rich.console", "rich.progress"}, path.relative_to(ROOT)


def test_the_engine_library_needs_three_packages() -> None:
    import sys

    for path in files_of("signaltape"):
        outside = imported_by(path) - set(sys.stdlib_module_names) - {"signaltape", "__future__"}
        here = path.relative_to(ROOT / "producer" / "signaltape").as_posix()
        optional = {library for library, files in ONLY_IN.items() if here in files}
        assert outside <= ENGINE_NEEDS | optional, here


def test_what_is_optional_is_imported_where_it_may_be() -> None:
    """Each file that may import a library does: the table says no more than there is."""
    for library, files in ONLY_IN.items():
        for here in files:
            assert library in imported_by(ROOT / "producer" / "signaltape" / here), (library, here)


def test_no_optional_library_is_behind_the_door_of_the_engine() -> None:
    """What imports such a file at once is one of them itself, or the old name of one; late, anything may."""
    optional = {here.removesuffix(".py").replace("/", ".") for files in ONLY_IN.values() for here in files}
    for path in files_of("signaltape"):
        here = (
            path.relative_to(ROOT / "producer" / "signaltape")
            .as_posix()
            .removesuffix(".py")
            .replace("/", ".")
        )
        if here not in {*optional, *OLD_NAMES}:
            top = {
                node.module or ""
                for node in ast.parse(path.read_text()).body
                if isinstance(node, ast.ImportFrom)
            }
            assert not top & {f"signaltape.{one}" for one in optional}, here


def test_the_table_names_every_room_that_exists() -> None:
    there = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert there <= ROOMS


def test_no_module_imports_another_in_a_circle() -> None:
    """Not even late, or for its types alone: what needs a name of another is no lower than that one."""
    graph = _module_graph()
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"import circle: {' -> '.join((*path[path.index(module) :], module))}"
        if module in done:
            return
        for other in sorted(graph[module]):
            visit(other, (*path, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def _module_graph() -> dict[str, set[str]]:
    """Each module of the product, its tests and what runs it, and the modules that it imports anywhere in its text."""
    names = {_dotted(path): path for room in (*ALLOWED, "deploy", "tests") for path in files_of(room)}
    return {
        name: {other for other in _targets(path) if other in names} - {name} for name, path in names.items()
    }


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part not in ("producer", "__init__"))


def _targets(path: Path) -> set[str]:
    """All that may be a module of those that are imported."""
    found: set[str] = set()
    for node in import_lines(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.module:
            assert not node.level, f"{path.relative_to(ROOT)} imports from where it stands"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
