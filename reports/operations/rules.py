"""Versions of the layer weights: listed, shown, decided on, exported; and what other weights would have said.

They are proposed with the scorecard of every week that is over, or by hand.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from reports.clocks import agreed
from reports.evidence.pooling import WEEKS
from reports.layers.rules import Rules, export
from reports.layers.stored import Weights, weights_in_use
from reports.layers.whatif import WhatIf, read_weights
from reports.layers.whatif import whatif as compare
from reports.operations.connected import connected
from reports.scorecard import compute
from reports.weeks import Week
from signaltape.errors import InvalidRequest, NotAllowedNow, NotFound
from signaltape.settings import Settings
from signaltape.stopping import until
from sink.plain_errors import plain_errors

_EXACT = msgspec.json.Decoder(float_hook=Decimal)


class Version(msgspec.Struct, frozen=True):
    """A version as it stands in a list; `parent`: the one that it changes."""

    version: str
    parent: str
    week_start: date
    status: str
    why: str
    created_at: datetime
    decided_at: datetime | None


class WholeVersion(msgspec.Struct, frozen=True):
    """A version with its weights and the evidence behind them; no number of it passed through a float."""

    version: str
    parent: str
    week_start: date
    weights: dict[str, Any]
    why: str
    evidence: list[dict[str, Any]]
    status: str
    created_at: datetime
    decided_at: datetime | None


@plain_errors()
def list_rules(settings: Settings) -> list[Version]:
    """All versions, newest first."""
    with connected(settings) as connection:
        return [Version(**row) for row in Rules(connection).listed()]


@plain_errors()
def show_rules(settings: Settings, version: str) -> WholeVersion:
    """One version. Raises NotFound."""
    row = _one(settings, version)
    exact = {name: _EXACT.decode(row[name]) for name in ("weights", "evidence")}
    return WholeVersion(**{**row, **exact})


@plain_errors()
def propose_rules(settings: Settings, week: Week, now: datetime) -> str | None:
    """Propose what the evidence of a week asks for; returns the version, None if that is no change.

    As its report does; a version that was decided on stays as it is. Raises NotAllowedNow if the week is not over.
    """
    with connected(settings) as connection:
        if agreed(connection, now) < week.report_due:
            raise NotAllowedNow(f"{week.name} is not over: weights are proposed from whole weeks")
        layers = compute(connection, week, settings.round_trip_pct).layers
        if layers.failed:
            raise NotAllowedNow(f"the layers of {week.name} could not be judged; the log says why")
        Rules(connection).store(week, layers.proposal, layers.findings)
    return layers.proposal.version if layers.proposal else None


@plain_errors()
def accept_rules(settings: Settings, version: str) -> None:
    """Accept a version that is proposed. Raises NotFound, NotAllowedNow if it is not proposed."""
    _decide(settings, version, "accepted")


@plain_errors()
def reject_rules(settings: Settings, version: str) -> None:
    """Reject a version that is proposed; it stays in the list. Raises NotFound, NotAllowedNow."""
    _decide(settings, version, "rejected")


@plain_errors()
def export_rules(settings: Settings, version: str) -> bytes:
    """A version as the JSON that an engine reads. Raises NotFound."""
    return export(_one(settings, version))


def weights_of(document: bytes) -> dict[str, Decimal]:
    """Weights by layer out of JSON: an object of numbers, or an exported version. Raises InvalidRequest."""
    try:
        return read_weights(document)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


@plain_errors()
def weights_now(settings: Settings, week: Week) -> Weights | None:
    """The weights that the newest signals of a week carry; None if they carry none."""
    with connected(settings) as connection:
        return weights_in_use(connection, week)


@plain_errors()
def what_if(
    settings: Settings,
    newest: Week,
    weights: Mapping[str, Decimal],
    weeks: int = WEEKS,
    *,
    progress: Callable[[int], None] = lambda _done: None,
    stop: threading.Event | None = None,
) -> WhatIf:
    """Score the signals of the last `weeks` weeks up to `newest` anew, under other weights. Raises NotFound.

    progress: called now and then with how many signals were read; stop: once set, it ends by Stopped.
    """
    tell = until(stop, lambda done, _total: progress(done), "stopped: the comparison is not complete")
    with connected(settings) as connection:
        found = compare(connection, newest, weeks, weights, lambda done: tell(done, 0))
    if not found.signals:
        raise NotFound(
            f"no signal with layers in the {weeks} weeks up to {newest.name}; choose others with --week and --weeks"
        )
    return found


def _one(settings: Settings, version: str) -> dict[str, Any]:
    with connected(settings) as connection:
        row = Rules(connection).one(version)
    if row is None:
        raise NotFound(f"there is no version {version}; python -m reports rules list shows them")
    return row


def _decide(settings: Settings, version: str, status: str) -> None:
    """The statement itself holds that only what is proposed is decided on; what it was before is asked for words."""
    with connected(settings) as connection:
        decided = Rules(connection).decide(version, status)
    if not decided:
        raise NotAllowedNow(f"{version} is {_one(settings, version)['status']}, not proposed")
