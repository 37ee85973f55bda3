"""What every command of this room needs: settings, a connection, a week on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from reports.weeks import Week, parse_week
from signaltape.errors import SettingsError
from signaltape.settings import Settings
from sink.db import Connection, DatabaseError, connect, database_url, one_line


class WeekType(click.ParamType[Week]):
    """A week by its ISO name."""

    name = "week"

    def convert(self, value: str | Week, param: click.Parameter | None, ctx: click.Context | None) -> Week:
        """Read `2022-W03`, or fail with one line."""
        if isinstance(value, Week):
            return value
        try:
            return parse_week(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def only_alone(context: click.Context, as_json: bool) -> bool:
    """Whether a group was called without a command of its own, which alone takes the group's `--json`."""
    if context.invoked_subcommand is not None and as_json:
        raise click.UsageError(f"--json goes behind {context.invoked_subcommand}")
    return context.invoked_subcommand is None


@contextmanager
def session() -> Iterator[tuple[Settings, Connection]]:
    """Settings and a connection; every error that a user can meet becomes one line."""
    try:
        settings = Settings.from_env()
        with connect(database_url(settings), name="signaltape-reports") as connection:
            yield settings, connection
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except DatabaseError as error:
        raise click.ClickException(f"Postgres: {one_line(error)}") from None
    except UnicodeEncodeError:  # bytes in an argument that are no text
        raise click.UsageError("every argument must be UTF-8") from None
