"""`python -m tests.chaos`: all faults, one after the other; a table, and `.signaltape/chaos.json`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from guard.rules_file import rules_in_force
from signaltape import Settings
from tests.chaos import delivery
from tests.chaos.audit import Audit, Result
from tests.chaos.case import run_case
from tests.chaos.desk.all import run_desk
from tests.chaos.ghosts import GhostsCounted, run_ghosts
from tests.chaos.ghosts_market import MarketGhostsCounted, run_ghosts_and_market
from tests.chaos.guard.faults import run_faults
from tests.chaos.guard.kills import KillsCounted, run_kills
from tests.chaos.malformed import run_malformed
from tests.chaos.registry import FAULTS
from tests.chaos.rig import Rig
from tests.chaos.soak import run_soak

console = Console()
#: What is no fault of the engine's way to Postgres, by its name.
_PARTS = ("delivery", "desk", "ghost", "guard", "guard-faults", "guard-faults-short")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--only",
    help="Run one fault, `malformed`, `soak`, `delivery`, `desk`, `ghost`, `guard`, or all of such a start; "
    "`guard-faults` (20 minutes), `guard-faults-short`, `guard-faults:RULE` only by name: as root, with libfaketime.",
)
@click.option(
    "--events", type=click.IntRange(1000), default=20_000, show_default=True, help="Load of a case."
)
@click.option("--malformed", type=int, default=1_000_000, show_default=True, help="Malformed entries.")
@click.option("--soak-s", type=float, default=600.0, show_default=True, help="Length of the soak.")
@click.option("--partitions", type=click.IntRange(1, 256), default=1, show_default=True, help="Streams.")
@click.option("--messages", type=int, default=500, show_default=True, help="Reports of each delivery fault.")
@click.option("--alerts", type=int, default=2000, show_default=True, help="Alerts of the desk's run.")
@click.option("--clicks", type=int, default=1000, show_default=True, help="Clicks and commands of it.")
@click.option("--kills", type=int, default=200, show_default=True, help="Kills of each part of `ghost`.")
@click.option("--guard-kills", type=int, default=50, show_default=True, help="Kills of `guard`.")
@click.option("--seed", type=int, default=20220117, show_default=True, help="Of all that is random.")
def main(
    only: str | None,
    events: int,
    malformed: int,
    soak_s: float,
    partitions: int,
    messages: int,
    alerts: int,
    clicks: int,
    kills: int,
    guard_kills: int,
    seed: int,
) -> None:
    """Break every part on purpose and count every event. Exit code 1 if anything was lost, doubled or stuck."""
    names = [name for name in FAULTS if only in (None, name)]
    names = names or [name for name in FAULTS if only and name.startswith(only)]
    soak = only in (None, "soak")
    part, _, rule = (only or "").partition(":")
    if not names and (part not in ("soak", "malformed", *_PARTS) or not _may_be_of(part, rule)):
        raise click.BadParameter(
            f"there is no fault {only!r}; there are: {', '.join((*FAULTS, 'malformed', 'soak', *_PARTS))}"
        )
    results: list[Result] = []
    troubles: list[str] = []
    peak_kib = 0
    for number, name in enumerate(names, 1):
        started = time.monotonic()
        result, found = run_case(FAULTS[name], events, partitions)
        peak_kib = max(peak_kib, found.peak_worker_kib)
        results.append(result)
        troubles += _report(f"{number}/{len(names)}", result, found, time.monotonic() - started)
        _save(results)
    if only in (None, "malformed"):
        started = time.monotonic()
        result, found = run_malformed(malformed, seed, partitions)
        peak_kib = max(peak_kib, found.peak_worker_kib)
        results.append(result)
        troubles += _report("fuzz", result, found, time.monotonic() - started)
        _save(results)
    if soak:
        started = time.monotonic()
        result, found = run_soak(soak_s, seed, partitions, _tell)
        peak_kib = max(peak_kib, found.peak_worker_kib)
        results.append(result)
        troubles += _report("soak", result, found, time.monotonic() - started)
        _save(results)
    if only in (None, "delivery"):
        troubles += _deliveries(messages, seed)
    if only in (None, "desk"):
        troubles += run_desk(alerts, clicks, seed)
    if only in (None, "ghost"):
        troubles += _ghosts(kills, seed)
    if only in (None, "guard"):
        troubles += _counted("guards", run_kills(guard_kills, seed))
    if part in ("guard-faults", "guard-faults-short"):
        troubles += _guard_faults(short=part == "guard-faults-short", rule=rule)
    if part in _PARTS:
        _end(troubles, well=True)
    _show(results)
    console.print(f"highest memory of a worker: {peak_kib // 1024} MiB")
    _end(troubles, well=not any(result.lost or result.doubled for result in results))


def _tell(line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def _end(troubles: list[str], *, well: bool) -> None:
    for trouble in troubles:
        console.print(f"❌ {trouble}", highlight=False, markup=False)
    sys.exit(0 if well and not troubles else 1)


def _deliveries(messages: int, seed: int) -> list[str]:
    """Every fault of the Bot API, each with a database of its own; what is not as it should be."""
    names = ("messages", "faults", "kills", "sent", "uncertain", "expired", "doubled_stubs")
    table = Table("delivery fault", *(name.replace("_", " ") for name in names))
    troubles = []
    for fault in delivery.FAULTS:
        with Rig(1, seed="delivery") as rig:
            result = delivery.run_delivery(fault, messages, rig.direct_database, seed)
        troubles += [f"delivery, {fault}: {wrong}" for wrong in result.wrong]
        table.add_row(fault, *(str(getattr(result, name)) for name in names))
        mark = "❌" if result.wrong else "✅"
        console.print(f"{mark} delivery, {fault}: {result.sent} sent", highlight=False)
    console.print(table)
    return troubles


def _ghosts(kills: int, seed: int) -> list[str]:
    """Ghosts that are killed, beside a tape that is written, then beside a market; what is not as it should be."""
    troubles = _counted("ghosts", run_ghosts(kills, seed))
    return troubles + _counted("ghosts, market", run_ghosts_and_market(kills, seed))


def _may_be_of(part: str, rule: str) -> bool:
    return not rule or (part == "guard-faults" and rule in rules_in_force({}).rule)


def _guard_faults(*, short: bool, rule: str) -> list[str]:
    """Every alert of the shipped rules, fired for real; those that are quick; or that of one rule."""
    found = run_faults(_tell, short=short, rule=rule)
    for line in found.lines:
        _tell(line)
    _tell(f"{found.fired} fired, {found.ended} over, {found.took_s:.0f} s")
    return [f"guard: {wrong}" for wrong in found.wrong]


def _counted(what: str, counted: GhostsCounted | MarketGhostsCounted | KillsCounted) -> list[str]:
    table = Table("", what)
    for name, value in counted._asdict().items():
        if name != "wrong":
            table.add_row(name.replace("_", " "), f"{value:.0f}" if isinstance(value, float) else str(value))
    console.print("❌" if counted.wrong else "✅", what, highlight=False)
    console.print(table)
    return [f"{what}: {wrong}" for wrong in counted.wrong]


def _report(where: str, result: Result, found: Audit, took_s: float) -> list[str]:
    well = not (result.lost or result.doubled or found.wrong)
    console.print(
        f"{'✅' if well else '❌'} {where} {result.fault}: {result.stored} stored, {took_s:.0f} s",
        highlight=False,
    )
    for wrong in found.wrong:
        _tell(f"   {wrong}")
    return [f"{result.fault}: {wrong}" for wrong in found.wrong]


def _show(results: list[Result]) -> None:
    table = Table("fault", "injected", "accepted", "stored", "lost", "doubled", "recovery s")
    for one in results:
        numbers = (one.injected, one.accepted, one.stored, one.lost, one.doubled, one.recovery_s)
        table.add_row(one.fault, *map(str, numbers))
    console.print(table)


def _save(results: list[Result]) -> None:
    path = Path(Settings.from_env().home) / "chaos.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


if __name__ == "__main__":
    main()
