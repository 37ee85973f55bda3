"""An alert with its buttons and its JSON: what was clicked is seen, links stay links, JSON stays JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from desk.alerts.clicks import Clicks
from desk.alerts.json_text import LEFT_OUT, json_text
from desk.alerts.life import Life
from desk.alerts.showing import shown
from desk.policy.decide import Hold, Send
from outbox.keyboard import dumped
from outbox.text import MAX_TEXT_UNITS, units
from tests.support.alerts import TWO, alert, sized

LINKS = {
    "heatmap": "https://example.org/map?s={symbol}&c={coin}",
    "orderbook": "https://book.example.org/{coin}#top",
    "sniper": "https://example.org/{symbol}",
}


ODD_SYMBOLS = ("a/../b?x#y", "&s=evil", "@evil.org", "💥" * 128, "%2F")
NONE = Clicks()
GHOSTS = [["Set Entry", "Set Alert Lines"], ["Cancel"]]


def buttons(clicks: Clicks = NONE, links: dict[str, str] | None = None, **changes: Any) -> list[list[str]]:
    _, keyboard = shown(alert(**changes), None, None, None, clicks, LINKS if links is None else links)
    return [[button.text for button in row] for row in keyboard]


def test_rows_of_at_most_three_the_links_first() -> None:
    judged = [["👍", "👎", "⏸ 30m"], ["Took", "Skipped"]]
    assert buttons() == [["Heatmap", "Orderbook", "Sniper"], *judged, *GHOSTS]


def test_only_links_with_a_template_are_there_and_none_without_a_symbol() -> None:
    assert buttons(links={"sniper": LINKS["sniper"]})[0] == ["Sniper"]
    assert buttons(links={}) == [["👍", "👎", "⏸ 30m"], ["Took", "Skipped"], *GHOSTS]
    assert buttons(symbol=None)[0] == ["👍", "👎", "⏸ 30m"]


def test_what_was_clicked_is_seen() -> None:
    clicks = Clicks(up=2, down=1, took=1, skipped=12, snoozed_until=TWO + timedelta(minutes=63))
    assert buttons(clicks, {}) == [["👍 ✓ 2", "👎 ✓", "⏸ till 15:03"], ["Took ✓", "Skipped ✓ 12"], *GHOSTS]


def test_what_was_asked_of_ghosts_is_seen() -> None:
    assert buttons(Clicks(entries=1, lines=2), {})[-2:] == [["Entry ✓", "Lines ✓ 2"], ["Cancel"]]


def test_nobody_takes_a_health_alert() -> None:
    assert buttons(links={}, category="health") == [["👍", "👎", "⏸ 30m"]]


def test_each_button_says_what_and_of_which_alert() -> None:
    _, keyboard = shown(alert(), None, None, None, Clicks(), {})
    assert [button.data for row in keyboard for button in row] == [
        f"a:ib_20250915_1400_BTC:{what}"
        for what in ("up", "dn", "sn30", "took", "skip", "entry", "lines", "cancel")
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"dataQuality": "bad"},
        {"sl": None},
        {"side": None},
        {"entryLow": None, "entryHigh": None},
        {"category": "health"},
    ],
)
def test_without_a_plan_nothing_is_asked_of_ghosts(changes: dict[str, Any]) -> None:
    assert buttons(**changes)[-1:] != GHOSTS[-1:]
    assert buttons()[-2:] == GHOSTS


def test_without_ghosts_there_are_no_such_buttons() -> None:
    _, keyboard = shown(alert(), None, None, None, NONE, {}, ghosts=False)
    assert "Set Entry" not in [button.text for row in keyboard for button in row]


@given(
    st.one_of(
        st.text(min_size=1, max_size=128),
        st.sampled_from(["a/../b?x#y", "&s=evil", "@evil.org", "💥" * 128, "%2F"]),
    )
)
def test_a_symbol_stays_in_its_place_of_a_link(symbol: str) -> None:
    _, keyboard = shown(replace(alert(), symbol=symbol), None, None, None, Clicks(), LINKS)
    assert dumped(keyboard) is not None, "the outbox takes them"
    for button in keyboard[0]:
        parts = urlsplit(button.url or "")
        assert parts.hostname in ("example.org", "book.example.org")
        assert button.url is not None
        assert button.url.isascii()
    heatmap, _, sniper = (urlsplit(button.url or "") for button in keyboard[0])
    assert unquote(heatmap.query.split("&")[0]) == f"s={symbol}"
    assert len(heatmap.query.split("&")) == 2
    assert unquote(sniper.path) == f"/{symbol}"


def test_a_link_that_would_be_too_long_is_left_out() -> None:
    long = {"heatmap": f"https://example.org/{'x' * 900}/{{symbol}}", "sniper": "https://example.org/{coin}"}
    assert buttons(NONE, long)[0] == ["Heatmap", "Sniper"]
    assert buttons(NONE, long, symbol="💥" * 128)[0] == ["Sniper"]


@given(st.text(max_size=600))
def test_the_data_of_a_button_fits_whatever_the_reference_was(ref: str) -> None:
    one = alert(refId=ref.encode("utf-8", "ignore").decode()[:512].replace("\0", "") or None)
    _, keyboard = shown(one, None, None, None, Clicks(9, 9, 9, 9), {})
    assert dumped(keyboard) is not None


def test_it_is_computed_whole_so_that_marks_need_no_memory() -> None:
    one = alert(degraded=True)
    known = shown(one, sized(one), Send(("data degraded: check the levels",)), Life(), Clicks(), LINKS)
    assert known == shown(one, sized(one), None, None, Clicks(), LINKS)


def test_one_that_is_held_says_why() -> None:
    text, _ = shown(alert(), None, Hold("budget", "BTC 1/5m is used up until 14:05 WIB"), None, Clicks(), {})
    assert text.text.splitlines()[1:3] == ["held: BTC 1/5m is used up until", "   14:05 WIB"]


def test_the_json_is_what_was_sent_numbers_and_all() -> None:
    one = alert(sl=63100.10, more={"n": [1, None]})
    text = json_text(one)
    assert text.text == json.dumps(json.loads(one.raw), indent=2)
    assert [(one.type, one.offset, one.length) for one in text.entities] == [("pre", 0, units(text.text))]


def test_bad_data_has_no_price_in_its_json_either() -> None:
    text = json_text(alert(dataQuality="bad"))
    head, _, body = text.text.partition("\n")
    assert head == LEFT_OUT
    assert json.loads(body).keys() & {"entry", "entryLow", "entryHigh", "sl", "tp1", "tp2"} == set()
    assert json.loads(body)["symbol"] == "BTC-USDT"
    assert json_text(alert(dataQuality="bad", more="x" * 20_000)).text == f"{LEFT_OUT}\n{{}}"


@pytest.mark.parametrize(
    "odd",
    [
        "```",
        "</code>",
        "\u202eevil",
        "\u2028",
        "💥" * 1900,
        "x" * 3500,
        "x" * 200_000,
        "\x7f\x1b",
        "é" * 9000,
    ],
)
def test_json_of_any_length_and_sign_is_one_message(odd: str) -> None:
    text = json_text(alert(odd=odd))
    assert units(text.text) <= MAX_TEXT_UNITS - 100
    assert "\u202e" not in text.text
    (entity,) = text.entities
    assert entity.offset + entity.length == units(text.text)
    if len(odd) < 3000 and units(odd) < 3000:
        assert json.loads(text.text)["odd"] == odd


def test_small_json_is_indented_larger_is_not_and_the_largest_is_cut() -> None:
    assert json_text(alert()).text.startswith('{\n  "id"')
    wide = json_text(alert(many=[1] * 1500)).text
    assert wide.startswith('{"id"')
    assert json.loads(wide)["many"] == [1] * 1500
    assert json_text(alert(odd="x" * 9000)).text.endswith("\n…")
