"""How the market's commands end: every error that a person can meet in one line.

The same as in the other rooms, but known to nothing behind the tape: the market may import the library alone.
"""

from __future__ import annotations

from typing import Any

import click

from signaltape.errors import SignaltapeError
from signaltape.plain_errors import EXIT_USAGE, exit_code, plain_errors

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
metrics_option = click.option(
    "--metrics-port", type=click.IntRange(1, 65_535),
    help="Serve Prometheus metrics there. Default: SIGNALTAPE_METRICS_PORT.",
)  # fmt: skip


class MarketGroup(click.Group):
    """Commands whose errors are one line; with the usage, if they were called wrongly."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command in it, or itself."""
        try:
            with plain_errors():
                return super().invoke(ctx)
        except SignaltapeError as error:
            if exit_code(error) == EXIT_USAGE:
                raise click.UsageError(str(error), ctx) from None
            raise click.ClickException(str(error)) from None
