"""The commands of a module as one tree, whichever library parses them; no process is started."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import click

from signaltape.commands import cli


class Tree(NamedTuple):
    """A command: its options and whether each takes a value, its subcommands, and its help."""

    options: dict[str, bool]
    commands: dict[str, Tree]
    help: str

    def paths(self) -> Iterator[tuple[str, ...]]:
        """Every command below, by its words."""
        for name, one in self.commands.items():
            yield (name,)
            for path in one.paths():
                yield (name, *path)

    def at(self, path: Sequence[str]) -> Tree:
        """The command that these words name."""
        found = self
        for name in path:
            found = found.commands[name]
        return found

    def follow(self, words: Sequence[str]) -> tuple[Tree, list[str]]:
        """The command that a person gets to with these words, and what is wrong with them."""
        here, wrong, rest = self, [], list(words)
        while rest:
            word = rest.pop(0)
            if word.startswith("--"):
                name = word.partition("=")[0]
                if name not in here.options:
                    wrong.append(f"no option {name}")
                elif here.options[name] and "=" not in word and rest:
                    rest.pop(0)
            elif here.commands:
                if word not in here.commands:
                    return here, [*wrong, f"no command {word}"]
                here = here.commands[word]
        return here, wrong


def tree_of(module: str) -> Tree:
    """The commands behind `python -m MODULE`. Raises LookupError if there is no such module of ours."""
    if module == "signaltape":
        return _of_argparse(cli._parser())
    spec = find_spec(module)
    if spec is None:
        raise LookupError(f"there is no module {module}")
    is_package = spec.submodule_search_locations is not None
    command = import_module(f"{module}.__main__" if is_package else module).main
    return _of_click(command, module)


def _of_click(command: click.Command, name: str) -> Tree:
    context = click.Context(command, info_name=name)
    options = {
        name: not (isinstance(one, click.Option) and (one.is_flag or one.count))
        for one in command.get_params(context)
        if isinstance(one, click.Option)
        for name in (*one.opts, *one.secondary_opts)
    }
    below = command.commands if isinstance(command, click.Group) else {}
    commands = {word: _of_click(one, word) for word, one in below.items()}
    return Tree(options, commands, command.get_help(context))


def _of_argparse(parser: argparse.ArgumentParser) -> Tree:
    options = {name: one.nargs != 0 for one in parser._actions for name in one.option_strings}
    commands = {
        word: _of_argparse(below)
        for one in parser._actions
        if isinstance(one, argparse._SubParsersAction)
        for word, below in one.choices.items()
    }
    return Tree(options, commands, parser.format_help())
