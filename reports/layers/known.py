"""What is known of the layers, and what follows for their weights. A report can go without them."""

from __future__ import annotations

import logging
from typing import NamedTuple

from reports.chosen import ALL, Chosen
from reports.layers.findings import Finding, find
from reports.layers.rules import Compared, Proposal, Rules, propose
from reports.layers.stored import patterns, weights_in_use
from reports.weeks import Week
from sink.db import Connection, DatabaseError

log = logging.getLogger("reports")


class Layers(NamedTuple):
    """What is known of the layers over the pooled weeks, and what follows for their weights.

    in_use: the rules version whose weights the newest signals carry; waiting: an accepted change of it that the engine
    does not use yet (then nothing is proposed); compared: versions before and after an accepted change; failed: the
    layers could not be judged, so that nothing of this is known.
    """

    findings: list[Finding]
    in_use: str | None
    proposal: Proposal | None
    waiting: str | None
    compared: list[Compared]
    failed: bool = False
    #: the trader has rejected this proposal
    rejected: bool = False


def layers_of(connection: Connection, week: Week, chosen: Chosen) -> Layers:
    """What is known of the layers. Their statistics are not worth losing the whole report over."""
    try:
        return _judged(connection, week, chosen)
    except DatabaseError:
        raise
    except Exception:
        log.exception("the layers of %s could not be judged; the report goes without them", week.name)
        return Layers([], None, None, None, [], failed=True)


def _judged(connection: Connection, week: Week, chosen: Chosen) -> Layers:
    findings = find(patterns(connection, week, chosen))
    if chosen != ALL:
        return Layers(findings, None, None, None, [])
    rules = Rules(connection)
    compared = rules.compare(week)
    in_use = weights_in_use(connection, week)
    if in_use is None:
        return Layers(findings, None, None, None, compared)
    waiting = rules.waiting(week, in_use.version)
    proposal = None if waiting else propose(week, in_use, findings)
    stored = rules.one(proposal.version) if proposal is not None else None
    rejected = stored is not None and stored["status"] == "rejected"
    return Layers(findings, in_use.version, proposal, waiting, compared, rejected=rejected)
