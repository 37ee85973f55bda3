"""The message: one screen that answers, on a phone, and quotes that unfold; nothing is lost between them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.lines import COLUMNS, LINE, NO_BREAK, QUOTED, fold, one_line
from outbox.text import Entity, Text, split, stub, units
from reports.layers.rules import Proposal
from reports.scorecard import Scorecard
from reports.text.message import BY_CHANCE, QUOTE, compose, next_step
from tests.support.cards import BROKEN, EMPTY, LABELS, LONG, OK, ORDINARY, UNSETTLED, WEEKS, card
from tests.support.said import said

SCREEN_LINES = 12
HEADLINE = "📊 Weekly Scorecard · ⏳\N{NO-BREAK SPACE}NOT\N{NO-BREAK SPACE}ENOUGH\N{NO-BREAK SPACE}DATA"
weeks = pytest.mark.parametrize("name", WEEKS)


def pieces(text: Text, kind: str) -> list[str]:
    """What stands in entities of a kind."""
    coded = text.text.encode("utf-16-le")
    return [
        coded[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le")
        for one in text.entities
        if one.type == kind
    ]


def first_screen(text: Text) -> list[str]:
    before, found, _ = text.text.partition(pieces(text, QUOTE)[0])
    assert found
    return before.splitlines()


@weeks
@pytest.mark.parametrize("so_far", [False, True])
def test_the_first_screen_is_twelve_lines_that_no_phone_wraps(name: str, so_far: bool) -> None:
    message = compose(WEEKS[name], so_far=so_far)
    (table,) = pieces(message, "pre")
    head, *lines = first_screen(message)
    assert len(lines) < SCREEN_LINES
    for line in lines:
        assert len(line) <= (COLUMNS if line in table else LINE), line
    assert head.startswith("📊 Weekly Scorecard")
    assert not re.search(r"\d", head), "it may be broken on a narrow phone"


def test_an_ordinary_week() -> None:
    assert ORDINARY.pooled.more_per_bin is not None
    assert first_screen(compose(ORDINARY)) == [
        HEADLINE,
        "2022-W03 · 17–23 Jan WIB",
        "157 signals, 157 closed · BTC-PERP",
        "<0.50      0.667  n=3   sl 1",
        "0.50-0.59  0.357  n=14  sl 1",
        "0.60-0.69  0.347  n=49  sl 1",
        "0.70-0.79  0.500  n=38  sl 1",
        "0.80+      0.396  n=53  sl 1",
        "Monotonicity: ❌ falls at 0.50-0.59",
        "Expectancy +0.12 R,",
        "   net -0.05 R (156 of 157)",
        f"→ Wait: about {ORDINARY.pooled.more_per_bin} more per bin",
    ]


def test_an_empty_week_says_what_to_look_at() -> None:
    screen = first_screen(compose(EMPTY))
    assert screen[2] == "No signals"
    assert screen[3:8] == [f"{label:<9}  -  n=0" for label in LABELS]
    assert screen[8:] == ["Monotonicity: - (too few bins)", "→ See that the engine runs"]


def test_the_headline_carries_the_verdict() -> None:
    heads = [
        compose(one).text.partition("\n")[0].partition(" · ")[2].replace(NO_BREAK, " ")
        for one in (OK, BROKEN, UNSETTLED)
    ]
    assert heads == ["✅ OK", "❌ BROKEN", "⏳ NOT ENOUGH DATA"]


@weeks
def test_only_a_name_that_is_too_long_is_left_to_the_phone_to_wrap(name: str) -> None:
    message = compose(WEEKS[name])
    quoted = "\n".join(pieces(message, QUOTE)).splitlines()
    assert [line for line in quoted if len(line) > QUOTED and len(line.split()) > 1] == []


@weeks
def test_all_but_the_first_screen_stands_in_quotes_with_a_title(name: str) -> None:
    message = compose(WEEKS[name])
    quotes = pieces(message, QUOTE)
    titles = [quote.partition("\n")[0] for quote in quotes]
    assert titles[:2] == ["Bins", "The week"]
    assert titles[-1] == "Data quality"
    assert pieces(message, "bold")[1:] == titles
    assert message.text.endswith("\n".join(quotes))
    assert {one.type for one in message.entities} == {"bold", "pre", QUOTE}


@weeks
def test_nothing_shouts(name: str) -> None:
    text = compose(WEEKS[name]).text
    assert "!" not in text
    assert text.count("📊") == 1


def test_stop_losses_that_have_no_room_beside_their_bin_are_counted_above_it() -> None:
    message = compose(LONG)
    assert "sl" not in pieces(message, "pre")[0]
    assert first_screen(message)[2] == "186001 closed, sl 61725"
    assert "(sl=12345, winrate_all=0.283)" in said(message)


def with_proposal(card: Scorecard, *, rejected: bool = False, waiting: str | None = None) -> Scorecard:
    proposal = None if waiting else Proposal("v1+2022-W03", "v1", {}, [])
    layers = card.layers._replace(in_use="v1", proposal=proposal, rejected=rejected, waiting=waiting)
    return card._replace(layers=layers)


def test_chance_is_named_only_where_it_would_do_it() -> None:
    assert BY_CHANCE in said(compose(ORDINARY))
    for name in ("broken", "ok", "empty", "long"):
        assert BY_CHANCE not in said(compose(WEEKS[name])), name


def test_what_to_do_is_one_thing() -> None:
    assert next_step(OK) == "Nothing to change"
    assert next_step(BROKEN) == "Do not go by the score: see Bins"
    proposed = with_proposal(OK)
    assert next_step(proposed) == "Decide on v1+2022-W03: see Layers"
    assert next_step(proposed, so_far=True) == "Nothing to change", "it is not in the table yet"
    assert next_step(with_proposal(OK, rejected=True)) == "Nothing to change"
    assert next_step(with_proposal(OK, waiting="v1+2022-W02")) == "Publish under v1+2022-W02"


@weeks
@given(limit=st.integers(60, 400))
def test_a_quote_that_is_cut_is_closed_and_opened_again(name: str, limit: int) -> None:
    message = compose(WEEKS[name])
    parts = split(message, limit)
    assert "".join(part.text for part in parts) == message.text
    quoted = "".join(piece for part in parts for piece in pieces(part, QUOTE))
    assert quoted == "".join(pieces(message, QUOTE))
    for part in parts:
        assert all(0 <= one.offset < one.offset + one.length <= units(part.text) for one in part.entities)


sentences = st.lists(
    st.sampled_from(
        ["n=41", "winrate=0.561", "(95 %", "0.41–0.70)", "a", "W" * 50, "+0.12 R,", "open 2;", "x:"]
    )
).map(" ".join)


@given(sentences, st.integers(10, 60))
def test_folding_changes_nothing_but_the_line_ends(sentence: str, width: int) -> None:
    lines = fold(sentence, width)
    assert " ".join(" ".join(lines).split()) == sentence
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)


def test_a_sentence_is_broken_between_its_parts() -> None:
    assert fold("95 % 0.21–0.94, +0.123 R (-0.05 … +0.30), break-even 0.443", 34) == [
        "95 % 0.21–0.94,",
        "   +0.123 R (-0.05 … +0.30),",
        "   break-even 0.443",
    ]
    assert fold("", 34) == []
    assert one_line("a\nb" + "c" * 50, 10) == "a bcccccc…"


@given(st.text(min_size=1, max_size=5000), st.integers(0, 3))
def test_a_stub_fits_a_message_and_is_never_the_text_that_follows(text: str, place: int) -> None:
    found = stub(Text(text, [Entity("bold", 0, 1)]), place)
    assert 0 < units(found.text) <= 500
    assert found.entities == []
    assert found.text != text or text.endswith("…")


def test_the_stub_is_the_headline_for_the_notification() -> None:
    assert stub(compose(ORDINARY), 0).text == f"{HEADLINE}\n…"
    assert stub(compose(ORDINARY), 1).text == "📊\n…"
    assert stub(Text("\n\nlate"), 0).text == "📊\n…"


def test_every_figure_of_a_week_is_said() -> None:
    text = said(compose(card([2, 5, 17, 19, 21], [3, 14, 49, 38, 53], layers=["smc", "trend"])))
    for sentence in (
        "Verdict (8 weeks): ⏳ NOT ENOUGH DATA: about",
        "older weeks weigh less: <0.50 0.67 (n≈3), 0.50-0.59 0.36 (n≈14),",
        "This week alone: ⏳ NOT ENOUGH DATA: about",
        "Monotonicity: ❌ Broken (0.50-0.59: 5/14 is below <0.50: 2/3)",
        BY_CHANCE,
        "• 0.60-0.69: n=49, winrate=0.347 (sl=1, winrate_all=0.340)",
        "break-even 0.443, net winrate=0.347, -0.164 R, open 2",
        "Signals: 157 (BTC-PERP), rules v_1",
        "Expectancy: +0.123 R (-0.05 … +0.30), net -0.051 R (156 of 157), profit factor 1.253",
        "Realised +0.123 R of a mean target of 1.900 R",
        "Score: Brier 0.251 (a coin: 0.250), reliability 0.0101 (best: 0)",
        "Triggered 91.3%, expired 5.1%; median 7 min to trigger, 3.5 h in trade",
        "Change on last week: signals 78 → 157, winrate 0.410 → 0.408, expectancy +0.123 → +0.123 R",
        "Weights: signals carry none, so nothing is proposed",
        "orphans 1, dead letters 2, duplicates 3, conflicts 4, still open 10",
    ):
        assert sentence in text
