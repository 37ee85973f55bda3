"""The scorecard as files: the text of the message, and the figures as JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reports.evidence.pooling import WEEKS
from reports.feedback.found import GOAL, Feedback, HeldBack, Setup, Side
from reports.figures import Expectancy, Figures
from reports.layers.rules import evidence
from reports.scorecard import Bin, Scorecard
from reports.targets import WANTED_TP1, WANTED_TP2, Targets
from reports.text.message import compose

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def save(card: Scorecard, folder: Path, *, so_far: bool = False) -> list[Path]:
    """Write `scorecard-2022-W03.txt` and `.json` into `folder`. Returns the paths. Raises OSError.

    so_far: the week is not over, and both say so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / f"scorecard-{card.week.name}.txt"
    text.write_text(compose(card, so_far=so_far).text + "\n", encoding="utf-8")
    figures = folder / f"scorecard-{card.week.name}.json"
    figures.write_bytes(
        msgspec.json.format(_ENCODER.encode(as_document(card, so_far=so_far)), indent=2) + b"\n"
    )
    return [text, figures]


def as_document(card: Scorecard, *, so_far: bool = False) -> dict[str, object]:
    """All figures of a scorecard under stable names, for JSON."""
    return {
        "week": card.week.name,
        "week_start": card.week.monday,
        "so_far": so_far,
        "bins": {one.label: _bin(one) for one in card.bins},
        "verdict": {"week": card.verdict._asdict(), f"{WEEKS} weeks": card.pooled._asdict()},
        "alike_within_a_bet": card.alike,
        "figures": _as_object(card.figures),
        "feedback": _feedback(card.feedback),
        "targets": [_targets(one) for one in card.targets],
        f"delays, {WEEKS} weeks": [
            {**one._asdict(), "expectancy": one.expectancy._asdict()} for one in card.delays
        ],
        "layers": evidence(card.layers.findings),
        "weights": {
            "in_use": card.layers.in_use,
            "proposed": card.layers.proposal and card.layers.proposal.version,
            "changes": {}
            if card.layers.proposal is None
            else {one.layer: [one.before, one.after] for one in card.layers.proposal.changes},
        },
        "monotonic_ok": card.monotonic_ok,
        "outcomes_from": {"engine": card.figures.by_engine, "ghost": card.figures.by_ghost},
        "quality": msgspec.Raw(card.quality_json()),
        "error_budgets": [
            {**one._asdict(), "allowed": one.allowed, "left": one.left} for one in card.budgets
        ],
        "sealed": card.sealed and card.sealed._asdict(),
        "symbols": card.symbols,
        "rules_versions": card.rules_versions,
    }


def _bin(one: Bin) -> dict[str, object]:
    """A bin with its interval and expectancy, and without the sums behind them."""
    kept = {
        name: value
        for name, value in one._asdict().items()
        if name not in ("label", "sum_r", "sum_r_squared")
    }
    expectancy = one.expectancy._asdict() if one.expectancy is not None else None
    return {**kept, "interval": one.interval, "expectancy": expectancy}


def _as_object(figures: Figures) -> dict[str, object]:
    """The figures with their names; encoded as they are, tuples would become bare arrays."""
    groups = [{**one._asdict(), "expectancy": one.expectancy._asdict()} for one in figures.groups]
    whole = figures.expectancy._asdict() if figures.expectancy is not None else None
    return {**figures._asdict(), "expectancy": whole, "groups": groups}


def _targets(one: Targets) -> dict[str, object]:
    """Both hit rates with their intervals, and what a signal leaves, net."""
    return {
        "kind": one.kind,
        "name": one.name,
        "tp1": {
            **one.tp1._asdict(),
            "rate": one.tp1.rate,
            "interval": one.tp1.interval,
            "wanted": WANTED_TP1,
        },
        "tp2": {
            **one.tp2._asdict(),
            "rate": one.tp2.rate,
            "interval": one.tp2.interval,
            "wanted": WANTED_TP2,
        },
        "settled": one.settled,
        "net": one.net._asdict() if one.net is not None else None,
        "net_counts_as": one.net_counts_as,
    }


def _feedback(found: Feedback | None) -> dict[str, object] | None:
    """What the clicks say, with its names; None where there were neither alerts nor clicks."""
    if found is None:
        return None
    return {
        "coverage": {"sent": found.sent, "clicked": found.clicked, "share": found.coverage, "goal": GOAL},
        f"thumb, {WEEKS} weeks": found.thumb._asdict(),
        f"took, {WEEKS} weeks": found.took._asdict(),
        "setups": [_named(one) for one in found.setups],
        f"held back, {WEEKS} weeks": [_named(one) for one in found.held],
        f"road not taken, {WEEKS} weeks": found.road and _named(found.road),
        "clicks_after_the_end": found.late,
    }


def _named(one: Setup | HeldBack) -> dict[str, object]:
    """A tuple with the names of all that is in it."""
    return {
        name: value._asdict() if isinstance(value, Side | Expectancy) else value
        for name, value in one._asdict().items()
    }
