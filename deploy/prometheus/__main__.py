"""`python -m deploy.prometheus`: write Prometheus' rules and Alertmanager's file out of the guard's rules."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from deploy.generated import generate
from deploy.prometheus.documents import alertmanager_document, rules_document, text_of
from guard.model.rules import Rules
from guard.rules_file import RULES, rules_in_force
from signaltape.commands.command import begin_command
from sink.command_line import PlainCommand

HERE = Path(__file__).parent


def files_of(rules: Rules) -> dict[str, str]:
    """Names of the files and what is in them. Raises SettingsError for a rule that cannot be one of Prometheus."""
    made = f"made by `python -m deploy.prometheus` out of {rules.source}: change that, not this"
    return {
        "rules.yml": text_of(rules_document(rules), made),
        "alertmanager.yml": text_of(
            alertmanager_document(rules), made, "add to the receiver where it is to tell"
        ),
    }


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--rules", type=click.Path(dir_okay=False, path_type=Path),
    help="Rules file. Default: SIGNALTAPE_GUARD_RULES, else the shipped one.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=HERE,
    help="Folder. Default: where those of the shipped rules are.",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a file is not what it would be.")
def main(rules: Path | None, out: Path, check: bool) -> None:
    """Write Prometheus' rules.yml and alertmanager.yml: the objectives of guard/rules.toml, once more."""
    begin_command()
    generate(files_of(rules_in_force(_environment(rules))), out, check=check)


def _environment(rules: Path | None) -> Mapping[str, str]:
    return os.environ if rules is None else {**os.environ, RULES: str(rules)}


if __name__ == "__main__":
    main()
