"""`python -m deploy.grafana`: write the boards' JSON."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.generated import generate
from deploy.grafana.boards import boards
from guard.rules_file import rules_in_force
from signaltape.commands.command import begin_command
from sink.command_line import PlainCommand

HERE = Path(__file__).parent


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=HERE,
    help="Folder. Default: where they are.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a file is not what it would be.")
def main(out: Path, check: bool) -> None:
    """Write the boards for Grafana: pipeline, objectives (those of the guard's rules in force), key figures."""
    begin_command()
    generate(boards(rules_in_force()), out, check=check)


if __name__ == "__main__":
    main()
