"""What a command says of itself: first sentences stand whole in the list of a group's commands."""

from __future__ import annotations

import pytest

from tests.support.command_trees import tree_of

MODULES = (
    "sink",
    "guard",
    "worker",
    "reports",
    "outbox",
    "replay",
    "desk",
    "market",
    "ghost",
    "web",
    "deploy.backup",
)


@pytest.mark.parametrize("module", MODULES)
def test_in_a_list_of_commands_no_sentence_is_cut(module: str) -> None:
    tree = tree_of(module)
    for path in [(), *tree.paths()]:
        _usage, _heading, listed = tree.at(path).help.partition("\nCommands:\n")
        assert "..." not in listed, path
