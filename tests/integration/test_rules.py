"""Weights from evidence to engine: proposed, decided on, exported, compared; and what if."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reports.layers.rules import Rules
from reports.scorecard import Scorecard, compute, store
from reports.text.message import compose
from reports.weeks import Week
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.integration.conftest import Runner
from tests.support.book import W03, Book
from tests.support.entries import accepted
from tests.support.said import said
from tests.support.samples import closed, new_id, published

PROPOSED = "v1+2022-W03"


def write_weeks(
    connection: Connection, weeks: int = 8, rules: str = "v1", first: Week = W03, weighted: bool = True
) -> None:
    """Weeks of 64 closed signals in which `smc` costs 25 points and `trend` brings 25; `news` does nothing."""
    entries = []
    weights = {"smc": 0.3, "trend": 0.3, "news": 0.4}
    for age in range(weeks):
        at = (first.earlier(age).since + timedelta(days=1)).isoformat()
        for number in range(64):
            matches = {"smc": bool(number & 1), "trend": bool(number & 2), "news": bool(number & 4)}
            chance = 50 - 25 * matches["smc"] + 25 * matches["trend"]
            won = number // 8 * 100 < chance * 8
            layers = {
                name: {"match": match, **({"weight": weights[name]} if weighted else {})}
                for name, match in matches.items()
            }
            score = sum(Decimal(str(weights[name])) for name, match in matches.items() if match)
            signal_id = new_id()
            fields: dict[str, Any] = {"confluence_score": score, "layers": layers, "rules_version": rules}
            entries.append(accepted("signal_published", published(signal_id, ts_published=at, **fields)))
            entries.append(
                accepted("signal_closed", closed(signal_id, rr_realized=1 if won else -1, ts_closed=at))
            )
    BatchWriter(connection).write(entries)


def reported(connection: Connection, week: Week = W03) -> Scorecard:
    card = compute(connection, week)
    store(connection, card, datetime.now(UTC))
    return card


def test_layers_are_judged_and_weights_proposed(connection: Connection) -> None:
    write_weeks(connection)
    card = reported(connection)
    verdicts = {one.layer: one.verdict for one in card.layers.findings}
    assert verdicts == {"trend": 1, "news": 0, "smc": -1}
    text = said(compose(card))
    assert "▼ smc -12.5 " in text
    assert "▲ trend +12.5 " in text
    assert f"Weights: {PROPOSED} proposed: smc 0.3 → 0.250, trend 0.3 → 0.350" in text
    (row,) = Rules(connection).listed()
    assert (row["version"], row["parent"], row["status"]) == (PROPOSED, "v1", "proposed")
    one = Rules(connection).one(PROPOSED)
    assert one is not None
    assert json.loads(one["weights"]) == {"news": 0.4, "smc": 0.25, "trend": 0.35}
    assert {layer["layer"]: layer["verdict"] for layer in json.loads(one["evidence"])} == {
        "trend": "helps",
        "news": "not shown",
        "smc": "hurts",
    }


def test_a_week_that_is_not_over_proposes_nothing_yet(connection: Connection) -> None:
    write_weeks(connection)
    store(connection, compute(connection, W03), W03.report_due - timedelta(hours=1))
    assert Rules(connection).listed() == []


def test_a_proposal_is_said_to_stand_where_it_stands(connection: Connection) -> None:
    write_weeks(connection)
    text = said(compose(compute(connection, W03), so_far=True))
    assert f"Weights: {PROPOSED} would be proposed: smc" in text, "it is not in the table yet"
    reported(connection)
    assert Rules(connection).decide(PROPOSED, "rejected")
    assert f"Weights: {PROPOSED} was rejected: smc" in said(compose(reported(connection)))


def test_too_few_weeks_and_signals_without_weights_propose_nothing(connection: Connection) -> None:
    write_weeks(connection, weeks=3)
    assert "Weights: no change" in said(compose(reported(connection)))
    later = Week(W03.monday + timedelta(days=70))
    write_weeks(connection, first=later, weighted=False)
    assert "Weights: signals carry none, so nothing is proposed" in said(compose(reported(connection, later)))
    assert Rules(connection).listed() == []


def test_the_way_of_a_proposal_through_the_commands(
    connection: Connection, runner: Runner, tmp_path: Path
) -> None:
    write_weeks(connection)
    reported(connection)
    code, out, _ = runner.run("reports", "rules")
    assert code == 0
    assert PROPOSED in out
    assert "proposed" in out
    code, out, err = runner.run("reports", "rules", "accept", PROPOSED)
    assert code == 0, err
    code, _, err = runner.run("reports", "rules", "reject", PROPOSED)
    assert code == 1
    assert f"{PROPOSED} is accepted, not proposed" in err
    file = tmp_path / "rules.json"
    code, _, err = runner.run("reports", "rules", "export", PROPOSED, "--out", str(file))
    assert code == 0, err
    exported = json.loads(file.read_text())
    assert (exported["rules_version"], exported["status"]) == (PROPOSED, "accepted")
    assert exported["weights"] == {"news": 0.4, "smc": 0.25, "trend": 0.35}
    code, _, err = runner.run("reports", "rules", "show", "nothing")
    assert code == 1
    assert "there is no version nothing" in err
    code, out, err = runner.run(
        "reports", "whatif", "--weights", str(file), "--weeks", "2", "--week", "2022-W03"
    )
    assert code == 0, err
    assert "128 signals with layers" in out
    assert "It cannot know: signals that were never published." in out


def test_an_accepted_change_is_waited_for_and_then_compared(connection: Connection) -> None:
    write_weeks(connection)
    reported(connection)
    rules = Rules(connection)
    assert rules.decide(PROPOSED, "accepted")
    waiting = compute(connection, W03)
    assert waiting.layers.proposal is None
    assert f"Weights: {PROPOSED} is accepted, but signals still carry v1" in said(compose(waiting))
    store(connection, waiting, datetime.now(UTC))
    assert [row["status"] for row in rules.listed()] == ["accepted"]
    after = Week(W03.monday + timedelta(days=7))
    write_weeks(connection, weeks=1, rules=PROPOSED, first=after)
    card = reported(connection, after)
    text = said(compose(card))
    assert f"Rules {PROPOSED}: 32/64, winrate=0.500, +0.000 R" in text
    assert "Rules v1: 224/448, winrate=0.500, +0.000 R" in text
    assert card.layers.proposal is not None
    assert (card.layers.proposal.version, card.layers.proposal.parent) == ("v1+2022-W04", PROPOSED)


def test_a_newer_proposal_takes_the_place_of_one_nobody_decided_on(connection: Connection) -> None:
    write_weeks(connection, weeks=9)
    reported(connection, W03.earlier(1))
    reported(connection)
    assert [(row["version"], row["status"]) for row in Rules(connection).listed()] == [
        (PROPOSED, "proposed"),
        ("v1+2022-W02", "superseded"),
    ]
    reported(connection, W03.earlier(2))
    assert [row["status"] for row in Rules(connection).listed()] == ["proposed", "superseded", "superseded"]


@pytest.mark.parametrize("content", ['{"a": "x"}', "nonsense"])
def test_wrong_weights_end_in_one_line(runner: Runner, tmp_path: Path, content: str) -> None:
    file = tmp_path / "weights.json"
    file.write_text(content)
    code, _, err = runner.run("reports", "whatif", "--weights", str(file))
    assert code == 1
    assert err.startswith(f"Error: {file}: weight")
    assert err.count("\n") == 1


def test_what_if_without_signals_says_so(runner: Runner, book: Book, tmp_path: Path) -> None:
    book.signal(0.8)  # names no layers
    file = tmp_path / "weights.json"
    file.write_text('{"a": 0.5}')
    code, _, err = runner.run("reports", "whatif", "--weights", str(file), "--week", "2022-W03")
    assert code == 1
    assert "no signal with layers in the 8 weeks up to 2022-W03" in err
