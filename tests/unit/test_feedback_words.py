"""What clicks on alerts were worth, in words: nothing without a desk, and no claim that the numbers do not carry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outbox.lines import QUOTED, fold
from reports.files import as_document, save
from reports.text.feedback import TITLE, feedback_lines
from reports.text.message import compose, topics
from tests.support.cards import CLICKED, ORDINARY
from tests.support.clicked import LONG, MUCH, between, feedback, held, setup


def test_without_alerts_and_clicks_nothing_is_said() -> None:
    assert feedback_lines(None) == []
    assert "Feedback" not in compose(ORDINARY).text
    assert as_document(ORDINARY)["feedback"] is None


def test_all_of_it() -> None:
    assert feedback_lines(MUCH) == [
        "Coverage: 0.412, 35 of 85 alerts clicked, goal above 0.300",
        "Does your thumb know? ⏳ NOT ENOUGH DATA: about 84 more closed on each side would settle it",
        "👍 0.583 (n=24), 👎 0.444 (n=18); lift +13.9 points (-16.2 … +41.6)",
        "Do you take the better ones? ✅ OK: took wins more often than skipped",
        "took 0.750 (n=40), skipped 0.250 (n=40); lift +50.0 points (+28.8 … +66.4)",
        "Setup trend_pullback: 0.561 (n=41), 👍 5/8, 👎 1/4, took 3/5, skipped 1/2",
        "Setup liquidity_sweep: 0.333 (n=12), 👎 1/3",
        "Setup range_fade: 1.000 (n=3)",
        "Held back (budget): 12, closed 6, saved 5.70 R, mean -0.950 R (-1.04 … -0.86), ✅ OK",
        "Held back (min_rr): 5, closed 3, cost 0.60 R, mean +0.200 R (-2.57 … +2.97), ⏳ NOT ENOUGH DATA",
        "Held back (snoozed): 2, closed 0",
        "Not counted: 3 clicks after the end",
    ]


def test_a_thumb_that_knows_the_wrong_way_round_is_told_so() -> None:
    lines = feedback_lines(feedback(between((10, 40), (30, 40))))
    assert lines[1] == "Does your thumb know? ❌ BROKEN: 👍 wins less often than 👎"


def test_where_only_one_side_was_voted_for_there_is_no_lift() -> None:
    assert feedback_lines(feedback(took=between((3, 4), (0, 0))))[1:] == [
        "Do you take the better ones? ⏳ NOT ENOUGH DATA",
        "took 0.750 (n=4), skipped - (n=0)",
    ]


def test_holding_back_that_cost_is_broken() -> None:
    (line,) = feedback_lines(feedback(held_back=[held("budget", 4, ["1", "1.1", "0.9", "1"])]))[1:]
    assert line == "Held back (budget): 4, closed 4, cost 4.00 R, mean +1.000 R (+0.87 … +1.13), ❌ BROKEN"


@pytest.mark.parametrize(
    ("n", "r", "mark"),
    [(5, "-1", "⏳ NOT ENOUGH DATA"), (6, "-1", "✅ OK"), (6, "1", "❌ BROKEN"), (9, "0", "⏳")],
)
def test_outcomes_that_are_all_equal_have_no_interval_but_a_sign(n: int, r: str, mark: str) -> None:
    assert mark in feedback_lines(feedback(held_back=[held("budget", n, [r] * n)]))[1]


@pytest.mark.parametrize(
    ("sent", "clicked", "said"),
    [
        (0, 0, "Coverage: - (no alert was sent this week)"),
        (10, 3, "Coverage: 0.300, 3 of 10 alerts clicked, goal above 0.300 not reached"),
        (100, 31, "Coverage: 0.310, 31 of 100 alerts clicked, goal above 0.300"),
    ],
)
def test_coverage_is_held_against_its_goal(sent: int, clicked: int, said: str) -> None:
    assert feedback_lines(feedback(sent=sent, clicked=clicked)) == [said]


def test_of_many_setups_and_reasons_the_largest_are_told() -> None:
    many = feedback(
        setups=[setup(f"s{n}", 20 - n, 1) for n in range(9)],
        held_back=[held(f"r{n}", 1, []) for n in range(9)],
    )
    told = feedback_lines(many)
    assert [one for one in told if one.startswith("Setup")][-1] == "Setup s5: 0.067 (n=15)"
    assert "3 smaller setups" in told
    assert sum(one.startswith("Held back") for one in told) == 6


def test_a_verdict_stands_whole_on_a_phone() -> None:
    (topic,) = [one for one in topics(CLICKED) if one.title == TITLE]
    lines = [line for sentence in topic.sentences for line in fold(sentence, QUOTED)]
    assert (
        "   ⏳ NOT ENOUGH DATA: about 84".replace("NOT ENOUGH DATA", "NOT\xa0ENOUGH\xa0DATA").replace(
            "⏳ ", "⏳\xa0"
        )
        in lines
    )


def test_whatever_is_counted_can_be_said() -> None:
    assert len(feedback_lines(LONG)) < 25


def test_the_file_has_all_of_it_by_name(tmp_path: Path) -> None:
    _, figures = save(CLICKED, tmp_path)
    told = json.loads(figures.read_bytes())["feedback"]
    assert told["coverage"] == {"sent": 85, "clicked": 35, "share": 0.412, "goal": 0.3}
    thumb = told["thumb, 8 weeks"]
    assert (thumb["wins"], thumb["n"], thumb["kind"], thumb["more_per_side"]) == (
        14,
        24,
        "NOT ENOUGH DATA",
        84,
    )
    assert told["took, 8 weeks"]["kind"] == "OK"
    assert told["setups"][0]["up"] == {"closed": 8, "wins": 5}
    assert told["held back, 8 weeks"][0]["expectancy"]["mean_r"] == -0.95
    assert told["clicks_after_the_end"] == 3
