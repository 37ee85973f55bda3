"""Versions of the layer weights: proposed from the evidence of a week, decided on by the trader."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from reports.evidence.pooling import WEEKS
from reports.layers.findings import Finding
from reports.layers.stored import Weights
from reports.layers.weights import nudge
from reports.text.numbers import rounded, say_weight
from reports.weeks import Week
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent.parent / "sql" / "rules.sql")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: A proposal is named after the version it changes and its week; one that changes a proposal takes its place.
_OWN_SUFFIX = re.compile(r"\+\d{4}-W\d{2}$")


class Change(NamedTuple):
    """The weight of one layer before and after, and the lift that asks for it."""

    layer: str
    before: Decimal
    after: Decimal
    finding: Finding


class Proposal(NamedTuple):
    """New weights for a rules version."""

    version: str
    parent: str
    weights: dict[str, Decimal]
    changes: list[Change]

    @property
    def why(self) -> str:
        """The reasons in one line."""
        return "; ".join(
            f"{one.layer} {say_weight(one.before)} → {say_weight(one.after)}:"
            f" lift {one.finding.lift.lift * 100:+.1f} points,"
            f" {one.finding.lift.weeks_same} of {one.finding.lift.weeks} weeks"
            for one in self.changes
        )


class Compared(NamedTuple):
    """Closed signals under one rules version."""

    version: str
    closed: int
    wins: int
    mean_r: Decimal


def propose(week: Week, in_use: Weights, findings: Sequence[Finding]) -> Proposal | None:
    """New weights from the findings, or None if they ask for no change. Pure."""
    weights = nudge(in_use.by_layer, findings)
    if weights is None:
        return None
    by_layer = {one.layer: one for one in findings}
    changes = [
        Change(layer, before, weights[layer], by_layer[layer])
        for layer, before in in_use.by_layer.items()
        if weights[layer] != before
    ]
    version = f"{_OWN_SUFFIX.sub('', in_use.version)}+{week.name}"
    return Proposal(version, in_use.version, weights, changes)


def evidence(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as plain values, for JSON."""
    return [
        {
            **one.lift._asdict(),
            "regression": one.effect._asdict(),
            "disagree": one.disagree,
            "verdict": ("hurts", "not shown", "helps")[one.verdict + 1],
        }
        for one in findings
    ]


class Rules:
    """The table, as reports and the trader's commands use it. Every method is one committed statement."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def store(self, week: Week, proposal: Proposal | None, findings: Sequence[Finding]) -> None:
        """Write what a week proposes; one that was decided on already stays as it is."""
        if proposal is None:
            self._connection.execute(_SQL["withdraw"], {"week_start": week.monday})
            return
        self._connection.execute(
            _SQL["propose"],
            {
                "version": proposal.version,
                "parent": proposal.parent,
                "week_start": week.monday,
                "weights": _ENCODER.encode(proposal.weights).decode(),
                "why": proposal.why,
                "evidence": _ENCODER.encode(evidence(findings)).decode(),
            },
        )

    def listed(self) -> list[dict[str, Any]]:
        """All versions, newest first."""
        return rows_as_dicts(self._connection, _SQL["list"])

    def one(self, version: str) -> dict[str, Any] | None:
        """One version with its weights and evidence, or None."""
        rows = rows_as_dicts(self._connection, _SQL["one"], {"version": version})
        return rows[0] if rows else None

    def decide(self, version: str, status: str) -> bool:
        """Set a proposed version to `accepted` or `rejected`. False if it is not proposed."""
        row = self._connection.execute(_SQL["decide"], {"version": version, "status": status}).fetchone()
        return row is not None

    def waiting(self, week: Week, parent: str) -> str | None:
        """An accepted change of `parent` that no signal of the week carries yet."""
        span = {"since": week.since, "until": week.until}
        row = self._connection.execute(
            _SQL["waiting"], {"parent": parent, "week_start": week.monday, **span}
        ).fetchone()
        return row[0] if row else None

    def compare(self, week: Week) -> list[Compared]:
        """Accepted versions and what they changed, over the pooled weeks, in order of their first signal."""
        span = {"since": week.earlier(WEEKS - 1).since, "until": week.until}
        return [
            Compared(
                row["version"], row["closed"], row["wins"], rounded(Fraction(row["sum_r"]) / row["closed"])
            )
            for row in rows_as_dicts(self._connection, _SQL["compare"], span)
        ]


def export(row: Mapping[str, Any]) -> bytes:
    """A version as the JSON that an engine reads: its name, parent and weights."""
    document = {
        "rules_version": row["version"],
        "parent": row["parent"],
        "status": row["status"],
        "decided_at": row["decided_at"],
        "weights": msgspec.Raw(row["weights"].encode()),
    }
    return msgspec.json.format(_ENCODER.encode(document), indent=2) + b"\n"
