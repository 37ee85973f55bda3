"""What the commands take: texts that Redis and Postgres can hold, and `--json`."""

from __future__ import annotations

import click


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

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
