"""`python -m deploy.demo.picture`: the scorecard of a week of the demo, as the picture that stands in the docs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import click
from PIL import Image

from deploy.embedded.servers import running
from reports.commands.arguments import WeekType
from reports.course import course_of
from reports.drawing.picture import plot
from reports.scorecard import compute
from reports.weeks import Week
from signaltape import Secret, Settings
from signaltape.commands.command import begin_command
from sink.command_line import PlainCommand
from sink.db import connect

_FOLDER = Path(__file__).parents[2] / "docs" / "images"
#: Large enough to be read, small enough for a repository: a third of the bytes of a page as it is sent.
_DPI = 120
_COLOURS = 64


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--week", type=WeekType(), default="2022-W03", show_default=True, help="A week of the demo.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=_FOLDER,
    help="Folder. Default: docs/images.",
)
def main(week: Week, out: Path) -> None:
    """Draw the scorecard of a week that `make demo` has stored, anew and small, as PNG."""
    begin_command()
    settings = Settings.from_env()
    given = [one.reveal() if one else None for one in (settings.redis_url, settings.database_url)]
    with (
        running(settings.home, redis_url=given[0], database_url=given[1]) as urls,
        connect(Secret(urls.database)) as connection,
    ):
        card = compute(connection, week)
        course = course_of(connection, week)
    if not card.published:
        raise click.ClickException(f"no signal of {week.name} is stored: run make demo first")
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"scorecard-{week.name}.png"
    page = BytesIO()
    plot(card, course).savefig(page, dpi=_DPI)
    Image.open(page).convert("RGB").quantize(_COLOURS).save(path, optimize=True)
    click.echo(f"saved {path} ({path.stat().st_size // 1024} KiB)")


if __name__ == "__main__":
    main()
