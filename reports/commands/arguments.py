"""What the commands of this room take: a week, and `--json` of a group."""

from __future__ import annotations

import click

from reports.weeks import Week, parse_week


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


def only_alone(context: click.Context, as_json: bool) -> bool:
    """Whether a group was called without a command of its own, which alone takes the group's `--json`."""
    if context.invoked_subcommand is not None and as_json:
        raise click.UsageError(f"--json goes behind {context.invoked_subcommand}")
    return context.invoked_subcommand is None
