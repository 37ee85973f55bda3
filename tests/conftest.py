"""The order of a whole run: what waits for a clock begins first, so that all else is done beside it."""

from __future__ import annotations

import pytest
from hypothesis import settings

# An example may take long on a machine that does other things beside.
settings.register_profile("no hurry", deadline=None)
settings.load_profile("no hurry")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `first`, then the others in their order; of several workers the first one begins with them."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)
