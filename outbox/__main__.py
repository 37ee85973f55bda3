"""`python -m outbox`: `preview` shows messages as a phone does."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from outbox import operations
from outbox.preview.page import WIDTHS, page
from outbox.preview.samples import samples
from outbox.preview.shown import Shown, read
from signaltape.clock import WIB, utc_now
from signaltape.commands.command import begin_command
from signaltape.errors import InvalidRequest
from signaltape.settings import Settings
from sink.command_line import PlainGroup

#: More than this is no message, and fills the memory.
_MOST_BYTES = 4 * 1024 * 1024


@click.group(cls=PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The one voice to Telegram. Reads DATABASE_URL."""
    begin_command()


@main.command(short_help="Show messages as a phone does, as HTML.")
@click.argument("number", type=click.IntRange(min=1), required=False)
@click.option("--samples", "as_samples", is_flag=True, help="One message of each shape.")
@click.option(
    "--width",
    "widths",
    multiple=True,
    type=click.IntRange(280, 1200),
    help="Width of a phone in pixels; may be given several times. Default: 360 and 390.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the file here. Default: print it."
)
def preview(number: int | None, as_samples: bool, widths: tuple[int, ...], out: Path | None) -> None:
    """Show messages as a phone does, as one HTML file: NUMBER of the outbox, or what stands as JSON on standard input.

    {"text": …, "entities": [{"type": "bold", "offset": 0, "length": 4}], "keyboard": [[{"text": …, "data": …}]],
    "silent": …, "reply_to": …}, or a list of these.
    """
    messages = _messages(number, as_samples)
    html = page(messages, widths or WIDTHS, f"{utc_now().astimezone(WIB):%H:%M}")
    if out is None:
        click.echo(html, nl=False)
        return
    out.write_text(html)
    click.echo(f"{out}: open it in a browser")


def _messages(number: int | None, as_samples: bool) -> list[Shown]:
    if as_samples and number is not None:
        raise InvalidRequest("give a NUMBER or --samples, not both")
    if as_samples:
        return samples()
    if number is not None:
        return [operations.shown(Settings.from_env(), number)]
    return read(sys.stdin.buffer.read(_MOST_BYTES))


if __name__ == "__main__":
    main()
