"""`python -m deploy.audit`: known vulnerabilities of the locked packages, and a list of them (SBOM, CycloneDX).

Its tools live in an environment of their own (`make audit`). A package that the vulnerability service does not know was
not audited: that is a failure, not a pass.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from signaltape.plain_errors import one_line
from signaltape.settings import Settings
from signaltape.terminal import NOTHING_TO_DO, Screen, left
from sink.command_line import PlainCommand

ROOT = Path(__file__).parents[1]
#: What runs (requirements-run.lock is a part of it), and what the tests need.
_LOCK = "requirements.lock"
_RUN = "requirements-run.lock"
_SERVICES = ("pypi", "osv")


class Vulnerability(msgspec.Struct):
    """One that is known."""

    id: str
    fix_versions: list[str] = []


class Package(msgspec.Struct):
    """One of the lock file, as pip-audit says it."""

    name: str
    version: str = ""
    vulns: list[Vulnerability] = []
    skip_reason: str | None = None


class _Found(msgspec.Struct):
    dependencies: list[Package]


class Audit(NamedTuple):
    """What an audit came to."""

    vulnerable: list[Package]
    #: that the service does not know
    unknown: list[str]
    asked: int

    @property
    def is_well(self) -> bool:
        """Whether every package was looked up, and nothing is known of any."""
        return not self.vulnerable and not self.unknown and self.asked > 0

    @property
    def headline(self) -> str:
        """In one line."""
        if self.vulnerable:
            return f"{len(self.vulnerable)} of {self.asked} packages have known vulnerabilities"
        if self.unknown or not self.asked:
            return (
                f"not audited: the vulnerability service does not know {len(self.unknown)} of {self.asked} packages; "
                "it is out of reach, or another index stands before it"
            )
        return f"no vulnerability is known of {self.asked} packages"


def read_audit(answer: bytes) -> Audit:
    """What pip-audit answered, as JSON. Raises msgspec.MsgspecError if it is none."""
    packages = msgspec.json.decode(answer, type=_Found).dependencies
    return Audit(
        [one for one in packages if one.vulns],
        [one.name for one in packages if one.skip_reason is not None],
        len(packages),
    )


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--tools", type=click.Path(path_type=Path), default=ROOT / ".venv-audit", help="Environment of the tools."
)
@click.option("--service", type=click.Choice(_SERVICES), default="pypi", help="Who knows of vulnerabilities.")
@click.option("--sbom", type=click.Path(path_type=Path), help="Default: sbom.json under SIGNALTAPE_HOME.")
@click.pass_context
def main(context: click.Context, tools: Path, service: str, sbom: Path | None) -> None:
    """Write the SBOM of what runs, and ask for known vulnerabilities of all that is locked. Exit code 1 if any."""
    screen = Screen()
    target = sbom or Settings.from_env().home / "sbom.json"
    write_sbom(tools, target)
    screen.say(f"{target} lists what runs")
    well = _audited(screen, tools, service)
    screen.next(NOTHING_TO_DO if well else "update what has a fix, then make lock; SERVICE=osv asks another")
    context.exit(0 if well else 1)


def write_sbom(tools: Path, target: Path) -> None:
    """The list of packages that run, as CycloneDX JSON. Raises click.ClickException."""
    target.parent.mkdir(parents=True, exist_ok=True)
    arguments = ("requirements", "--output-reproducible", "--of", "JSON", "-o", str(target), str(ROOT / _RUN))
    done = _run(tools / "bin" / "cyclonedx-py", *arguments)
    if done.returncode:
        raise click.ClickException(f"no SBOM: {_last_line(done.stderr)}")


def _audited(screen: Screen, tools: Path, service: str) -> bool:
    options = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json")
    done = _run(
        tools / "bin" / "pip-audit", "--vulnerability-service", service, *options, "-r", str(ROOT / _LOCK)
    )
    try:
        found = read_audit(done.stdout)
    except msgspec.MsgspecError:
        raise click.ClickException(f"not audited: {_last_line(done.stderr)}") from None
    screen.say(f"{_LOCK}: {found.headline}", "good" if found.is_well else "bad")
    screen.table(
        (left("package"), left("version"), left("known"), left("mended in")),
        [
            (one.name, one.version, known.id, ", ".join(known.fix_versions))
            for one in found.vulnerable
            for known in one.vulns
        ],
    )
    return found.is_well


def _run(*command: str | Path) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise click.ClickException(
            f"{command[0]} cannot be run ({one_line(error)}): make audit installs it"
        ) from None


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"


if __name__ == "__main__":
    main()
