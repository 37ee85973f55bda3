"""The defects that the simulation is to find are patches to the present tree, and say what they are."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.simulation.mutations.catalogue import FOLDER, CatalogueError, Mutation, chosen, read_all
from tests.simulation.mutations.tree import PACKAGES, ROOT, DoesNotApply, apply, environment, mutated
from tests.support.waiting import LONGEST_S

MUTATIONS = read_all()
LEAST_OWN = 35


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: f"{one.room}/{one.name}")
def test_a_mutation_applies_and_compiles(mutation: Mutation, tmp_path: Path) -> None:
    touched = mutation.touched()
    for name in touched:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    apply(mutation, tmp_path)
    for name in touched:
        changed = (tmp_path / name).read_text()
        assert changed != (ROOT / name).read_text()
        if name.endswith(".py"):
            compile(changed, name, "exec")


def test_there_are_enough_of_our_own() -> None:
    assert sum(one.kind == "own" for one in MUTATIONS) >= LEAST_OWN


def test_only_the_product_is_changed() -> None:
    assert not {name for one in MUTATIONS for name in one.touched() if name.startswith("tests/")}


def test_a_patch_to_another_tree_is_one_line(tmp_path: Path) -> None:
    mutation = MUTATIONS[0]
    for name in mutation.touched():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("something else\n")
    with pytest.raises(DoesNotApply, match=rf"^{mutation.room}/{mutation.name} does not apply .*$"):
        apply(mutation, tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Summary: x\n", "there is no diff"),
        ("Summary: x\nKind: own\nWorld: spine\n\n--- a/x\n", "must begin with"),
        ("Summary: x\nKind: mine\nWorld: spine\nBreaks: lost\nNeeds: y\n\n--- a/x\n", "Kind must be of"),
        ("Summary: x\nKind: own\nWorld: moon\nBreaks: lost\nNeeds: y\n\n--- a/x\n", "World must be of"),
        (
            "Summary: x\nKind: own\nWorld: spine\nBreaks: lost, ill\nNeeds: y\n\n--- a/x\n",
            "Breaks must be of",
        ),
    ],
)
def test_a_patch_that_does_not_say_what_it_is_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "x.patch").write_text(text)
    with pytest.raises(CatalogueError, match=says):
        read_all(tmp_path)


def test_names_are_unique(tmp_path: Path) -> None:
    for room in ("one", "two"):
        (tmp_path / room).mkdir()
        shutil.copy(MUTATIONS[0].path, tmp_path / room)
    with pytest.raises(CatalogueError, match="unique"):
        read_all(tmp_path)


def test_mutations_are_chosen_by_glob() -> None:
    one = MUTATIONS[0]
    assert chosen(MUTATIONS, one.name) == [one]
    assert chosen(MUTATIONS, f"{one.room}/*") == [other for other in MUTATIONS if other.room == one.room]
    assert chosen(MUTATIONS, None) == MUTATIONS


def test_a_process_imports_the_mutated_copy() -> None:
    mutation = MUTATIONS[0]
    with mutated(mutation) as root:
        script = f"import {', '.join(PACKAGES)}; print(*(one.__file__ for one in ({', '.join(PACKAGES)})))"
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=root,
            env=environment(root),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
        )
        assert done.returncode == 0, done.stderr
        assert all(Path(path).is_relative_to(root) for path in done.stdout.split())


def test_faults_without_a_mutation_name_tests_that_are_there() -> None:
    elsewhere = tomllib.loads((FOLDER / "elsewhere.toml").read_text())["fault"]
    for fault in elsewhere:
        assert fault["what"]
        for name in fault["tests"]:
            path, _, test = name.partition("::")
            assert (ROOT / path).is_file(), name
            assert not test or f"def {test}(" in (ROOT / path).read_text(), name


def test_a_defect_that_breaks_nothing_names_what_holds_it() -> None:
    nets = tomllib.loads((FOLDER / "elsewhere.toml").read_text())["net"]
    assert nets
    assert all(net["defect"] and net["held_by"] for net in nets)
