"""The desk's answers on a phone of 360 px: one screen that answers, no line with a number wraps, nothing injects."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from desk.answers.ghosts import told as told_ghosts
from desk.answers.page import QUOTE, seen
from desk.answers.processes import told as told_processes
from outbox.lines import COLUMNS, LINE, QUOTED
from outbox.text import MAX_TEXT_UNITS, Text, units
from signaltape.control import Standing
from tests.support import asked
from tests.support.answered import REFUSED, all_texts
from tests.support.said import said
from tests.unit.test_message import pieces

TEXTS = all_texts()
#: One more may be said where something is wrong.
SCREEN_LINES = 12
answers = pytest.mark.parametrize("kind", TEXTS.kinds)


def first_screen(text: Text) -> str:
    quotes = pieces(text, QUOTE)
    return text.text.partition(quotes[0])[0] if quotes else text.text


@answers
def test_the_first_screen_is_short(kind: str) -> None:
    most = SCREEN_LINES + 4 * any(one in kind for one in ("status, ", "many", "huge"))
    assert len(first_screen(TEXTS[kind]).splitlines()) <= most


@answers
def test_no_line_wraps(kind: str) -> None:
    text = TEXTS[kind]
    tables = [line for table in pieces(text, "pre") for line in table.splitlines()]
    quoted = [line for quote in pieces(text, QUOTE) for line in quote.splitlines()]
    for line in tables:
        assert seen(line) <= COLUMNS, line
    for line in quoted:
        assert seen(line) <= QUOTED, line
    for line in first_screen(text).splitlines():
        assert line in tables or seen(line) <= LINE + 1, line


@answers
def test_it_is_one_message_whose_formatting_lies_within_it(kind: str) -> None:
    text = TEXTS[kind]
    assert units(text.text) <= MAX_TEXT_UNITS
    assert all(one.offset >= 0 and one.offset + one.length <= units(text.text) for one in text.entities)
    assert {one.type for one in text.entities} <= {"bold", "pre", QUOTE}


@answers
def test_nothing_in_it_turns_hides_or_becomes_a_command(kind: str) -> None:
    text = TEXTS[kind].text
    assert not set(text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u200b\t\r\0")
    assert "(http://" not in text
    ours = set(re.findall(r"(?<!\w)/([a-z]+)", text))
    assert ours <= {"panic", "resume", "alpha", "signals", "processes", "status"} | {
        *("sniper", "score", "week", "pnl", "held", "help", "risk", "ghosts", "lines")
    }
    if "of lines" in kind:
        assert "/panic" not in text


@answers
def test_times_are_said_to_be_wib(kind: str) -> None:
    if not kind.startswith(("away", "help")):
        assert "As of 14:02:51 WIB" in TEXTS[kind].text


def test_an_alpha_says_why_and_what_lacks() -> None:
    assert first_screen(TEXTS["alpha, open"]).splitlines() == [
        "Alpha SOL · LONG 0.82",
        "SOL-USDT-SWAP",
        "signal    long 0.82   7 min",
        "layers    3 of 5      7 min",
        "regime    TREND_UP     12 s",
        "scoring   score 0.71  1 min",
        "features  -               -",
        "Valid until 14:25:51 (23 min left)",
        "For: smc, volume, regime",
        "Against: trend, news feed",
        "Missing: features",
        "As of 14:02:51 WIB",
    ]


@pytest.mark.parametrize(
    ("life", "head", "became"),
    [
        ("in trade", "Alpha SOL · LONG 0.82", "In trade for 3 min at 222.1"),
        ("closed", "Alpha SOL · no bias now, was LONG", "Closed +1.65 R (tp), 1 h 05 ago"),
        ("lost", "Alpha SOL · no bias now, was SHORT", "Closed −1.00 R (sl), 1 h 05 ago"),
        ("stopped", "Alpha SOL · no bias now, was LONG", "Ended by its stop, 1 h 10 ago"),
        ("expired", "Alpha SOL · no bias now, was LONG", "Ended unfilled, 1 h 00 ago"),
        ("not said", "Alpha SOL · no bias now, was LONG", "Expired 1 h 00 ago, no word since"),
    ],
)
def test_a_bias_ends_with_its_signal(life: str, head: str, became: str) -> None:
    text = TEXTS[f"alpha, {life}"]
    assert text.text.startswith(f"{head}\n")
    assert became in said(text)
    valid = TEXTS[f"sniper, {life}"].text.partition("\n")[0]
    assert valid.endswith("in trade") if life == "in trade" else valid == "Sniper SOL · no valid plan"


def test_a_plan_with_its_size() -> None:
    assert first_screen(TEXTS["sniper, open"]).replace("\u00a0", " ").splitlines() == [
        "Sniper SOL LONG · 23 min left",
        "SOL-USDT-SWAP · sniper-pullback",
        "entry  221.5–222.3",
        "SL     219.8        −0.77 %",
        "TP1    226.1        +2.71 R",
        "TP2    229.4        +4.65 R",
        "Size: base 1.0% × mult 1.6",
        "   × vol 1.1 = 1.76%",
        "Risk $176 of $10,000",
        "Valid until 14:25:51 (23 min left)",
        "ref: snp_20250915_1355_SOL",
        "As of 14:02:51 WIB",
    ]


def test_a_plan_of_bad_data_names_no_price() -> None:
    text = TEXTS["sniper, bad data"]
    assert "no prices" in said(text)
    assert not re.search(r"22\d\.\d|219\.8", text.text)


def test_what_is_not_known_of_a_size_is_said() -> None:
    assert "Not known, so neutral: ATR" in said(TEXTS["sniper, bare"])
    assert "Not known, so neutral: equity" in said(TEXTS["sniper, no equity"])


def test_a_status_says_what_is_wrong_before_all_else() -> None:
    assert TEXTS["status"].text.splitlines()[0] == "Status · all well"
    paused = TEXTS["status, paused"].text.splitlines()
    assert paused[:3] == ["Status · PAUSED", "Paused since 13:52:51 by ana", "   (CPI at 19:30): /resume"]
    assert said(TEXTS["status, away"]).startswith("Status · Redis away Redis is away: the journals keep all")
    assert REFUSED in said(TEXTS["status, away"])
    assert TEXTS["status, all away"].text.startswith("Status · Redis and Postgres away\n")


def test_money_stands_behind_r_and_only_where_the_equity_is_set() -> None:
    text = said(TEXTS["pnl, today"])
    assert text.index("+1.80 R net") < text.index("≈ +$180 net, 1 R = $100")
    assert "$" not in TEXTS["pnl, 366 days"].text


def test_r_so_far_says_of_how_many_it_is_also_where_there_are_more_than_are_read() -> None:
    found = asked.ghosts_of([asked.ghost(7)], **{"SOL-USDT-SWAP": "223.2"})
    assert "Open: +0.50 R so far\n" in told_ghosts(found, asked.NOW).text.replace("\u00a0", " ")
    many = replace(found, sums={"open": replace(found.sums["open"], n=250)})
    assert "Open: +0.50 R so far, of 1 of 250" in said(told_ghosts(many, asked.NOW))


def test_processes_that_are_gone_are_named_last_and_count_as_no_trouble() -> None:
    gone = asked.process("engine", 3_600_000)
    found = Standing(asked.WELL.control, [gone, *asked.WELL.processes], asked.NOW_MS)
    lines = told_processes(found, asked.NOW).text.splitlines()
    assert lines[0] == "Processes · 6 there"
    assert lines[7].split() == ["engine", "gone", "1", "h", "00"]
    assert lines[8] == f"Gone: {gone.name}"


def test_processes_that_do_not_answer_come_first() -> None:
    text = TEXTS["processes, many"].text
    assert text.startswith("Processes · 20 of 40 silent\n")
    assert text.splitlines()[1].split() == ["engine1", "silent", "9", "s"]
    assert TEXTS["processes"].text.startswith("Processes · 6 there\n")
