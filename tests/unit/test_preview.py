"""The preview of messages: formatting stands where the entities say, and whatever a message says is text."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from outbox.__main__ import main
from outbox.keyboard import Button
from outbox.preview.bubble import bubbles, text_html
from outbox.preview.page import WIDTHS, page
from outbox.preview.samples import samples
from outbox.preview.shown import Shown, read
from outbox.text import Entity, Text, TextBuilder
from signaltape.errors import InvalidRequest

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.mark.parametrize(
    ("kind", "html"),
    [
        ("bold", "📈 <b>on</b> e"),
        ("italic", "📈 <i>on</i> e"),
        ("code", "📈 <code>on</code> e"),
        ("spoiler", "📈 <mark>on</mark> e"),
        ("pre", "📈 <pre>on</pre> e"),
        ("blockquote", '📈 <div class="quote">on</div> e'),
        ("unheard_of", "📈 on e"),
    ],
)
def test_formatting_stands_where_an_entity_says(kind: str, html: str) -> None:
    assert text_html(Text("📈 on e", [Entity(kind, 3, 2)])) == html


def test_formatting_within_a_block_stays_within_it() -> None:
    inner = TextBuilder().add("a ").add("b", "bold").build()
    text = TextBuilder().line("head").wrap(inner, "expandable_blockquote").line().add("behind").build()
    assert text_html(text) == (
        'head\n<label class="quote long"><input type="checkbox"><span class="lines">a <b>b</b></span></label>behind'
    )


def test_whatever_a_message_says_is_text() -> None:
    shown = Shown(
        HOSTILE,
        [Entity("bold", 0, 99)],
        [[Button(HOSTILE, data=HOSTILE[:9])]],
        reply_to=HOSTILE,
        topic=HOSTILE,
        name=HOSTILE,
        state=HOSTILE,
    )
    html = page([shown], WIDTHS, HOSTILE)
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 6 * len(WIDTHS)


def test_a_long_message_is_shown_in_its_parts_with_the_buttons_below_the_last() -> None:
    html = bubbles(Shown("line\n" * 1000, keyboard=[[Button("x", data="x")]], reply_to="y"), "14:02")
    assert html.count('class="bubble"') == 2
    assert html.index('class="reply"') < html.rindex('class="bubble"') < html.index('class="keyboard"')


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "no message in JSON"),
        (b"\xff", "no message in JSON"),
        (b"[" * 100_000, "no message in JSON"),
        (b"[]", "0 messages, not 1 to 100"),
        (b"{}", "missing required field `text`"),
        (b'{"text": 1}', r"\$.text"),
        (b'{"text": "x", "colour": "red"}', "colour"),
        (b'{"text": "x", "keyboard": [[{"text": "x"}]]}', "keyboard row 1 button 1 needs either data or url"),
    ],
)
def test_what_is_no_message_is_refused_in_words(given: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        read(given)


def test_the_command_shows_samples_and_what_it_is_given() -> None:
    shown = CliRunner().invoke(main, ["preview", "--samples", "--width", "360"])
    assert shown.output.count('class="phone"') == 1
    assert shown.output.count("<section>") == len(samples())
    given = CliRunner().invoke(main, ["preview"], input='{"text": "BTC long", "silent": true}')
    assert re.findall(r'data-width="(\d+)"', given.output) == ["360", "390"]
    assert "BTC long" in given.output


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["1", "--samples"], "", "Error: give a NUMBER or --samples, not both"),
        ([], "nonsense", "Error: no message in JSON: JSON is malformed"),
        (["--width", "7"], "", "7 is not in the range 280<=x<=1200"),
    ],
)
def test_a_wrong_call_ends_in_one_line(arguments: list[str], given: str, said: str) -> None:
    ran = CliRunner().invoke(main, ["preview", *arguments], input=given)
    assert ran.exit_code == 2
    assert said in ran.output
    assert "Traceback" not in ran.output
