"""Lines for a terminal: they fit, break between words, and carry nothing that a terminal would obey."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from signaltape.secrecy import keep_secret
from signaltape.terminal import Screen, left, print_json, right
from signaltape.terminal.cells import brief, plain, short_words, shorten, width, wrap
from signaltape.terminal.table import block, table
from tests.support.waiting import LONGEST_S

texts = st.text(max_size=60) | st.text("aé取流🚀e\u0301\u200d\ufe0f\x1b\u202e\u2066 \n\t\xad", max_size=200)
words = st.lists(st.text("abcdefghij", min_size=1, max_size=12), min_size=1, max_size=40).map(" ".join)
columns = st.integers(30, 120)


class Terminal(io.StringIO):
    """Shows colours."""

    def isatty(self) -> bool:
        return True


@given(texts)
@example("\x1b[31mred\x1b[0m")
@example("a\u202eb")
@example("\udcff")
def test_nothing_reaches_the_terminal_that_it_would_obey(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    assert shown.encode()
    if text.isprintable():
        assert shown == (text or "-")


@given(texts)
@example("❤️")
@example("👩‍👩‍👧")
@example("한국어")
def test_a_text_is_held_to_be_as_wide_as_it_is_or_wider(text: str) -> None:
    assert width(plain(text)) >= cell_len(plain(text))


@given(texts, st.integers(11, 60))
def test_what_is_shortened_keeps_both_its_ends(text: str, room: int) -> None:
    whole = plain(text)
    shown = shorten(whole, room)
    assert cell_len(shown) <= room
    if shown != whole:
        begin, _, end = shown.partition("…") if "…" not in whole else (shown[:1], "", shown[-1:])
        assert whole.startswith(begin)
        assert whole.endswith(end)
        assert width(shown) >= room - 3, "no more is left out than must be"


@given(texts | words, columns, st.sampled_from(["", "→ ", "FAIL journal  "]))
def test_no_line_is_too_wide_and_nothing_is_lost(text: str, room: int, mark: str) -> None:
    whole = plain(text)
    lines = wrap(whole, room, mark)
    assert max(map(cell_len, lines)) <= room
    assert lines[0].startswith(mark)
    assert "".join(lines).replace(" ", "") == (mark + whole).replace(" ", "")


@given(words, columns)
def test_no_word_is_broken(text: str, room: int) -> None:
    assert " ".join(" ".join(wrap(text, room)).split()) == text
    assert brief(text).removesuffix(" …") in text
    assert short_words(text) == text


@given(
    st.lists(st.lists(texts, min_size=3, max_size=3), min_size=1, max_size=5),
    st.integers(0, 10**12),
    st.none() | texts,
    columns,
)
def test_a_table_fits_and_its_heads_stay_whole(
    rows: list[list[str]], count: int, note: str | None, room: int
) -> None:
    heads = (left("message"), right("lag s"), left("time, WIB"), left("last error"))
    cells = [(row[0], count, *row[1:]) for row in rows]
    lines = table(heads, cells, [note] * len(rows), within=room)
    assert max(map(cell_len, lines)) <= room
    assert all(line.isprintable() for line in lines)
    filled = {one.head for place, one in enumerate(heads) if any(plain(row[place]) != "-" for row in cells)}
    if lines[0]:
        assert re.split(r" {2,}", lines[0].strip()) == [one.head for one in heads if one.head in filled]
    else:
        assert {one.head for one in heads if any(line.startswith(one.head) for line in lines)} >= filled
    assert sum(str(count) in line for line in lines) >= len(rows), "a number is never shortened"


def test_where_columns_do_not_fit_each_row_stands_by_itself() -> None:
    heads = (left("stream"), right("entries"), right("pending"), right("consumers"))
    lines = table(heads, [("signaltape:{0}", 1, 2, ""), ("b", 3, 4, "")], within=25)
    assert lines == [
        *("", "stream   signaltape:{0}", "entries  1", "pending  2"),
        *("", "stream   b", "entries  3", "pending  4"),
    ]


def test_heads_and_numbers_are_never_shortened() -> None:
    heads = (left("the last error of all"), left("message"), right("lag s"))
    row = ("e" * 60, "m" * 60, 10**12)
    assert table(heads, [row], within=56) == [
        "the last error of all  message                     lag s",
        f"{'e' * 10}…{'e' * 10}  {'m' * 9}…{'m' * 8}  1000000000000",
    ]
    assert f"lag s                  {10**40}" in table(heads, [(*row[:2], 10**40)], within=70)


def test_columns_in_which_nothing_stands_are_left_out() -> None:
    assert table((left("id"), left("files")), [("a", ""), ("b", None)], within=80) == ["id", "a", "b"]


def test_a_remark_stands_below_its_row() -> None:
    lines = table((left("id"),), [("a",), ("b",)], ["why " * 30, ""], within=40)
    assert lines[:2] == ["id", "a"]
    assert lines[2].startswith("    why why")
    assert lines[-1] == "b"


def test_a_long_value_goes_on_below_itself() -> None:
    assert block([("name", "a"), ("value", "b " * 9 + "c")], within=20) == [
        *("name   a", "value  b b b b b b b", "       b b c"),
    ]


def test_parts_stand_apart_by_one_empty_line() -> None:
    file = io.StringIO()
    screen = Screen(file, 80)
    screen.say("answer")
    screen.gap()
    screen.table((left("id"),), [("a",)])
    screen.table((left("id"),), [("b",)])
    screen.next("look")
    assert file.getvalue() == "answer\n\nid\na\n\nid\nb\n\n→ look\n"


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(file: io.StringIO) -> str:
        screen = Screen(file, 80)
        screen.say("well", "good")
        screen.table((left("id"),), [("a",)])
        return file.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[32mwell\x1b[0m\n" in shown(Terminal())
    bare = shown(io.StringIO())
    assert "\x1b" not in bare
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(Terminal()) == bare
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert shown(Terminal()) == bare


@pytest.mark.parametrize(("columns", "expected"), [("80", 80), ("132", 132), ("7", 30), ("", 80), ("x", 80)])
def test_it_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: str, expected: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.__stdout__", None)
    assert Screen(io.StringIO()).columns == expected


def test_a_secret_is_hidden_before_it_could_be_broken_or_shortened() -> None:
    secret = "correct-horse-battery-staple-" * 3
    keep_secret(secret)
    file = io.StringIO()
    screen = Screen(file, 40)
    screen.say(f"no answer from redis://u:{secret}@host")
    screen.table((left("message"),), [(secret,)], [secret])
    assert not any(part in file.getvalue() for part in ("correct", "horse", "staple"))


def test_json_has_times_with_their_offset_and_exact_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    wib = timezone(timedelta(hours=7))
    document = {
        "at": datetime(2022, 1, 17, 9, tzinfo=wib),
        "rr": Decimal("0.10"),
        "utc": datetime(2022, 1, 17, tzinfo=UTC),
    }
    print_json(document)
    out = capsys.readouterr().out
    assert json.loads(out) == {"at": "2022-01-17T09:00:00+07:00", "rr": 0.1, "utc": "2022-01-17T00:00:00Z"}
    assert '"rr": 0.10' in out


def test_whoever_reads_may_have_seen_enough(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "signaltape", "doctor"],
        stdout=write,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(sys.path), "SIGNALTAPE_HOME": str(tmp_path)},
        check=False,
        timeout=LONGEST_S,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
