"""A copy of the source tree with one defect in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.mutations.catalogue import Mutation

ROOT = Path(__file__).parents[3]
#: What a simulation imports, and what it reads.
_PARTS = (
    "producer",
    "consumer",
    "sink",
    "outbox",
    "worker",
    "replay",
    "reports",
    "deploy",
    "tests",
    "pyproject.toml",
)
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.patch")
#: Imported from the copy, or it would be the present tree that is looked at.
PACKAGES = ("signaltape", "consumer", "sink", "outbox", "worker", "replay", "reports", "deploy", "tests")


class DoesNotApply(Exception):
    """A patch is not one to the present tree any more."""


@contextmanager
def mutated(mutation: Mutation | None) -> Iterator[Path]:
    """The root of a copy of the tree with a mutation in it (None: as it is). Raises DoesNotApply."""
    with TemporaryDirectory(prefix="signaltape-mutated-") as name:
        copy = Path(name)
        for part in _PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, copy / part, ignore=_LEFT_OUT)
            else:
                shutil.copy(ROOT / part, copy / part)
        if mutation is not None:
            apply(mutation, copy)
        yield copy


def apply(mutation: Mutation, root: Path) -> None:
    """Put a mutation into the files under `root`. Raises DoesNotApply."""
    # git would take a checkout further up for the tree that is meant
    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(root.resolve().parent)}
    done = subprocess.run(
        ["git", "apply", str(mutation.path)], cwd=root, env=alone, capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = " ".join(done.stderr.split())
        raise DoesNotApply(f"{mutation.room}/{mutation.name} does not apply to the present tree: {why}")


def environment(root: Path) -> dict[str, str]:
    """The environment of a process that imports the tree under `root`, whatever is installed."""
    return {
        **os.environ,
        "PYTHONPATH": f"{root / 'producer'}{os.pathsep}{root}",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
