"""The hunt for a defect: what a simulation prints and how it exits is told apart, and shown."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from tests.simulation.mutations import hunt
from tests.simulation.mutations.catalogue import read_all
from tests.simulation.mutations.findings import Finding, Verdict
from tests.simulation.mutations.showing import as_markdown, as_table
from tests.simulation.mutations.tree import DoesNotApply

FOUND = '{"violations": [{"invariant": "no event is lost", "seed": 7, "step": 41}], "seeds": 7, "steps": 900}'
NONE = '{"violations": [], "seeds": 30, "steps": 9000}'


def simulation(root: Path, *, printed: str, code: int) -> Path:
    """A tree whose simulation prints its arguments to a file, then this."""
    folder = root / "tests" / "simulation"
    folder.mkdir(parents=True)
    (root / "tests" / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "__main__.py").write_text(
        f"import sys, pathlib\npathlib.Path('given').write_text(' '.join(sys.argv[1:]))\n"
        f"print({printed!r})\nsys.exit({code})\n"
    )
    return root


@pytest.mark.parametrize(
    ("printed", "code", "verdict", "says"),
    [
        (FOUND, 1, Verdict.FOUND, ""),
        (NONE, 0, Verdict.NOT_FOUND, ""),
        (NONE, 1, Verdict.FAILED, "exit code 1 and 0 violations"),
        (FOUND, 0, Verdict.FAILED, "exit code 0 and 1 violations"),
        ("Traceback", 1, Verdict.FAILED, "exit code 1: it printed nothing"),
    ],
)
def test_only_a_violation_with_its_exit_code_is_a_find(
    tmp_path: Path, printed: str, code: int, verdict: Verdict, says: str
) -> None:
    root = simulation(tmp_path, printed=printed, code=code)
    found, _, error = hunt.simulate(root, "spine", 12.5, 3)
    assert (found, error) == (verdict, says)
    given = "--world spine --seconds 12.5 --seed 3 --stop-at-first --quiet --json"
    assert (tmp_path / "given").read_text() == given


def finding(verdict: Verdict, **more: object) -> Finding:
    named = {"name": "x", "room": "journal", "summary": "a | b", "kind": "own", "world": "spine"}
    return msgspec.convert({**named, "verdict": verdict, "seconds": 3.2, **more}, Finding)


def test_the_table_says_what_found_a_defect() -> None:
    findings = [finding(Verdict.FOUND, invariant="no event is lost", seed=7), finding(Verdict.NOT_FOUND)]
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(as_table(findings))
    assert "1 of 2 defects were found" in captured.get()
    assert "no event is lost" in captured.get()
    lines = as_markdown(findings).splitlines()
    assert lines[0] == "1 of 2 defects were found"
    assert lines[4] == "| journal/x | a \\| b | own | spine | found | no event is lost | 7 | 3 s |"


@pytest.mark.parametrize(
    ("verdict", "code"), [(Verdict.FOUND, 0), (Verdict.NOT_FOUND, 1), (Verdict.FAILED, 1)]
)
def test_the_exit_code_says_whether_all_were_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verdict: Verdict, code: int
) -> None:
    monkeypatch.setattr(hunt, "run", lambda *_: finding(verdict))
    markdown = tmp_path / "table.md"
    done = CliRunner().invoke(
        hunt.main, ["--only", "journal/dropped-*", "--json", "--markdown", str(markdown)]
    )
    assert done.exit_code == code
    assert [one["verdict"] for one in msgspec.json.decode(done.stdout)] == [verdict.value] * 2
    assert "defects were found" in markdown.read_text()


def test_a_glob_that_names_none_is_refused() -> None:
    done = CliRunner().invoke(hunt.main, ["--only", "no-such-thing"])
    assert done.exit_code == 2
    assert "no-such-thing" in done.stderr


def test_a_patch_that_does_not_apply_is_a_failed_hunt(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise DoesNotApply("journal/x does not apply")

    monkeypatch.setattr(hunt, "mutated", refuse)
    found = hunt.run(read_all()[0], 1.0, 1)
    assert (found.verdict, found.error) == (Verdict.FAILED, "journal/x does not apply")
