"""The order of a whole run: what waits for a clock begins first, so that all else is done beside it; no test pays for
the secrets of those before it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from signaltape import secrecy
from tests.attack.effort import TIMES

# Several processes test at once, on few cores: a thread of BLAS that waits for work takes it from them. numpy looks
# when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# An example may take long on a machine that does other things beside. Few and the same ones each time, so that a tree
# that passes in one place passes in another; `make attack` thinks up many and new ones.
settings.register_profile("no hurry", deadline=None, derandomize=TIMES == 1, max_examples=40 * TIMES)
settings.load_profile("no hurry")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is loaded and collected stays until the end: looking through it for garbage, again and again, finds none."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `first`, then the others in their order; of several workers the first one begins with them."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


@pytest.fixture(autouse=True)
def secrets_of_one_test() -> Iterator[None]:
    """What a test makes known as a secret is forgotten behind it: a real process knows a few, not thousands."""
    known, pattern = set(secrecy._known), secrecy._pattern
    yield
    secrecy._known, secrecy._pattern = known, pattern
