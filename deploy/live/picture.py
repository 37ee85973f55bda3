"""`python -m deploy.live.picture`: the overview of what `make live` shows, as the picture at the head of the README."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Error, sync_playwright

from signaltape.commands.command import begin_command
from signaltape.errors import OperationError
from sink.command_line import PlainCommand

_OUT = Path(__file__).parents[2] / "docs" / "images" / "overview.png"
_SIZE = (1440, 880)
#: Small enough for a repository: few colours are used.
_COLOURS = 128
#: The tape shows so many lines that came while it was looked at.
_LINES = 6
_WITHIN_MS = 60_000
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", default="http://127.0.0.1:8077/", show_default=True, help="Where the dashboard is.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_OUT,
    help="File. Default: docs/images/overview.png.",
)
def main(url: str, out: Path) -> None:
    """Take the picture of the overview while `make live SPEED=600` runs, light, 1440 pixels wide."""
    begin_command()
    try:
        taken = _taken(url)
    except Error as error:
        raise OperationError(
            f"no picture of {url}: is make live running? {error.message.splitlines()[0]}"
        ) from None
    out.parent.mkdir(parents=True, exist_ok=True)
    Image.open(BytesIO(taken)).convert("RGB").quantize(_COLOURS).save(out, optimize=True)
    click.echo(f"saved {out} ({out.stat().st_size // 1024} KiB)")


def _taken(url: str) -> bytes:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=list(_FLAGS))
        try:
            width, height = _SIZE
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.set_default_timeout(_WITHIN_MS)
            page.goto(url)
            page.locator("#tape li.new").nth(_LINES - 1).wait_for()
            return page.screenshot()
        finally:
            browser.close()


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    raise OperationError("no Chromium on this machine: apt-get install chromium, or put chromium on PATH")


if __name__ == "__main__":
    main()
