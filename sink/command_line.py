"""What the commands of every room share: how errors end them, and what they take. The only base for click commands.

It is here and not in signaltape because engines install no click, and every room with commands may import the sink.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from signaltape.errors import SignaltapeError
from signaltape.plain_errors import EXIT_USAGE, exit_code
from sink.plain_errors import plain_errors

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
metrics_option = click.option(
    "--metrics-port", type=click.IntRange(1, 65_535),
    help="Serve Prometheus metrics there. Default: SIGNALTAPE_METRICS_PORT.",
)  # fmt: skip


class TextType(click.ParamType[str]):
    """A text in UTF-8 without NUL characters."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is no such text."""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("it is not UTF-8", param, ctx)
        if "\0" in value:
            self.fail("it holds a NUL character", param, ctx)
        return value


TEXT = TextType()
#: More characters than a first sentence has.
_WHOLE = 1_000


@contextmanager
def errors_in_one_line(context: click.Context) -> Iterator[None]:
    """Every error that a person can meet ends the command with one line; with the usage, if it was called wrongly."""
    try:
        with plain_errors():
            yield
    except SignaltapeError as error:
        if exit_code(error) == EXIT_USAGE:
            raise click.UsageError(str(error), context) from None
        raise click.ClickException(str(error)) from None


class PlainCommand(click.Command):
    """A command whose errors are one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        with errors_in_one_line(ctx):
            return super().invoke(ctx)


class PlainGroup(click.Group):
    """A group of such commands, and of such groups."""

    command_class = PlainCommand
    group_class = type

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The first sentence of each command, whole: over several lines rather than cut."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(_WHOLE)) for name, one in commands if one and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, or the command in it."""
        with errors_in_one_line(ctx):
            return super().invoke(ctx)
