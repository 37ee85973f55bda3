"""Every page, out of what is really stored."""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import DefragResult, urldefrag, urljoin

import pytest

from signaltape.clock import FIRST_YEAR, LAST_YEAR, WIB
from sink.db import Connection
from tests.support.book import Book
from tests.support.market import candles, write_records
from tests.support.samples import new_id
from tests.support.served import Served

#: No signal has this id.
NOBODY = "0198a3c4-5f2e-7d31-9b1c-3a5f7c9e1b2d"
ADDRESSES = (
    "/",
    "/score",
    "/score/2022-W03",
    "/signals",
    "/health",
    "/more",
    "/api",
    "/api/shapes",
    "/login",
)


class Links(HTMLParser):
    """The addresses that a page leads to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.inline: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.add(given.get("id") or "")
        self.found += [
            value
            for name in ("href", "src", "action", "data-script", "data-style")
            if (value := given.get(name)) and given.get("method") != "post"
        ]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag in ("script", "style"):
            self.scripts.append(given)


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page_of_an_empty_database_says_what_would_fill_it(served: Served, path: str) -> None:
    answer = served.get(path)
    assert answer.status == 200
    assert "<main" in answer.text


def test_no_page_leads_nowhere_or_carries_code_of_its_own(served: Served, book: Book) -> None:
    signal_id = book.closed_signal(0.85, 1.5, side="long", setup="breakout")
    seen: set[str] = set()
    kinds: set[str] = set()
    anchors: dict[str, set[str]] = {}
    places: set[DefragResult] = set()
    waiting = {*ADDRESSES, f"/signals/{signal_id}"}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = served.get(path)
        assert answer.status == 200, path
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        links = Links(answer.text)
        anchors[path] = links.anchors
        assert not links.inline, path
        assert all(one.get("src") for one in links.scripts), path
        assert all(one.startswith("/") and not one.startswith("//") for one in links.found if one[0] != "#")
        places |= {urldefrag(urljoin(path, one)) for one in links.found if "#" in one}
        found = {urldefrag(urljoin(path, one)).url for one in links.found}
        new = {_kind(one): one for one in found if _worth_going(one) and _kind(one) not in kinds}
        kinds |= new.keys()
        waiting |= set(new.values()) - seen
    nowhere = [one for one in places if one.url in anchors and one.fragment not in anchors[one.url]]
    assert not nowhere


def _kind(address: str) -> str:
    """An address without what it asks for: of those that differ in that alone, one is enough; and one week, if it asks
    for some signals.
    """
    kind = re.sub(r"=[^&]*", "", address)
    return re.sub(r"\d{4}-W\d{2}", "week", kind) if "?" in kind else kind


def _worth_going(address: str) -> bool:
    """Weeks go on for ever; a week beside the one with data is enough. One of its pictures is, too: their addresses
    differ in the end alone. Logging out is no page.
    """
    if len(re.findall(r"(?:symbol|side|setup|rules|hour|weekday)=", address)) > 1:
        return False  # of the same kind as with one of them
    weeks = re.findall(r"\d{4}-W\d{2}", address)
    return address != "/logout" and all(one in ("2022-W03", "2022-W02") for one in weeks)


def test_one_signal_shows_every_event_with_all_three_times(served: Served, book: Book) -> None:
    signal_id = book.signal(0.82, entry=222.1, layers={"smc": {"match": True, "weight": 0.2}})
    book.trigger(signal_id, 420_000)
    book.close(signal_id, 1.65)
    text = served.get(f"/signals/{signal_id}").text
    for said in (
        "published",
        "triggered",
        "closed",
        "7 min",
        "+1.65\u00a0R",
        "smc",
        "happened",
        "streamed",
        "stored",
    ):
        assert said in text
    assert text.count('<section class="event">') == 3


def test_what_came_twice_with_other_content_is_shown_as_a_conflict(served: Served, book: Book) -> None:
    signal_id = book.closed_signal(0.82, 1)
    book.close(signal_id, 2)
    text = served.get(f"/signals/{signal_id}").text
    assert "Conflicts" in text
    assert text.count('<section class="event">') == 3


def test_an_orphan_is_shown_without_its_published(served: Served, book: Book) -> None:
    signal_id = new_id()
    book.close(signal_id, 1)
    answer = served.get(f"/signals/{signal_id}")
    assert answer.status == 200
    assert "not published (yet)" in answer.text


@pytest.mark.parametrize("path", ["/signals/none", f"/signals/{NOBODY}", "/nothing", "/static/none.css"])
def test_what_is_not_there_is_404_in_words(served: Served, path: str) -> None:
    answer = served.get(path)
    assert answer.status == 404
    assert "404 Not Found" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize("week", ["2022-W60", "soon", "1066-W01"])
def test_a_week_that_is_none_is_refused_in_words(served: Served, week: str) -> None:
    answer = served.get(f"/score/{week}")
    assert answer.status == 400
    assert "week" in answer.text


@pytest.mark.parametrize("week", [f"{FIRST_YEAR}-W01", f"{FIRST_YEAR}-W52", f"{LAST_YEAR}-W52"])
def test_the_first_and_the_last_week_are_weeks_too(served: Served, week: str) -> None:
    assert served.get(f"/score/{week}").status in (200, 400)


def test_hostile_texts_stay_texts(served: Served, book: Book, connection: Connection) -> None:
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    signal_id = book.signal(
        0.82, symbol=evil, setup=evil, rules_version=evil, layers={evil: True}, ref_id=evil
    )
    book.close(signal_id, 1)
    for path in (
        "/score/2022-W03",
        "/signals",
        f"/signals/{signal_id}",
        "/signals?symbol=%22%3E%3Cscript%3E",
    ):
        text = served.get(path).text
        assert "<img" not in text
        assert "<script>" not in text
        assert not Links(text).inline


def test_the_box_finds_a_signal_by_each_of_its_ids(
    served: Served, book: Book, connection: Connection
) -> None:
    signal_id = book.signal(0.82, ref_id="ib_20250915_0733_BTC")
    row = connection.execute("SELECT entry_id FROM signal_events").fetchone()
    assert row is not None
    for asked in (signal_id, signal_id.upper(), "ib_20250915_0733_BTC", row[0]):
        answer = served.get(f"/signals?q={asked}")
        assert (answer.status, answer.headers["Location"]) == (303, f"/signals/{signal_id}")


@pytest.mark.parametrize(
    ("asked", "address"),
    [
        ("sol-usdt-swap", "/signals?symbol=SOL-USDT-SWAP"),
        ("long+won", "/signals?side=long&outcome=won"),
        ("0.6..0.75", "/signals?low=0.6&high=0.75"),
        ("0.70-0.79", "/signals?bin=3"),
        ("2022-W03+analysis-mode-1.2", "/signals?since=2022-01-17&until=2022-01-23&rules=analysis-mode-1.2"),
    ],
)
def test_the_box_takes_words_too(served: Served, book: Book, asked: str, address: str) -> None:
    book.signal(0.82)
    assert served.get(f"/signals?q={asked}").headers["Location"] == address


def test_what_the_box_does_not_know_is_said(served: Served, book: Book) -> None:
    book.signal(0.82)
    answer = served.get("/signals?q=nobody-knows-this")
    assert answer.status == 200
    assert "Nothing is known as" in answer.text


def test_a_page_with_all_that_belongs_to_it_is_small(
    served: Served, book: Book, connection: Connection
) -> None:
    begins = datetime(2022, 1, 18, 9, 30, tzinfo=WIB)
    write_records(connection, *candles("SOL-USDT-SWAP", begins, [(100.25, 101.5, 99.75, 100.5)] * 120))
    signal_id = ""
    for n in range(60):
        at = f"2022-01-18T10:{n:02d}:00"
        signal_id = book.closed_signal(0.82, 1, at=at, setup="breakout", layers={"smc": True}, sl=98)
        book.trigger(signal_id, 1, at, entry_fill=100)
    for path in ("/", "/score/2022-W03", "/signals", f"/signals/{signal_id}", "/api", "/api/shapes"):
        page = served.get(path).text
        parts = [page, *(served.get(one).text for one in Links(page).found if one.startswith("/static/"))]
        assert sum(map(len, parts)) < 150_000, path
        assert sum(len(gzip.compress(one.encode())) for one in parts) < 60_000, path


def test_pages_go_on_by_key_and_show_every_signal_once(served: Served, book: Book) -> None:
    made = {book.signal(0.82, at=f"2022-01-18T10:0{n % 3}:00") for n in range(7)}
    found: list[str] = []
    path: str | None = "/signals?limit=3"
    while path:
        links = Links(served.get(path).text).found
        found += [one.removeprefix("/signals/") for one in links if one.startswith("/signals/")]
        path = next((one for one in links if "after=" in one), None)
    assert len(found) == len(made) == 7
    assert set(found) == made


def test_styles_and_scripts_are_kept_for_good_and_known_again(served: Served) -> None:
    address = re.search(r"/static/web\.\w+\.css", served.get("/login").text)
    assert address is not None
    first = served.get(address[0])
    assert "immutable" in first.headers["Cache-Control"]
    again = served.get(address[0], If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert served.get("/login").headers["Cache-Control"] == "no-store"


def test_the_running_week_moves_by_itself_and_one_that_has_ended_stays(served: Served) -> None:
    assert 'data-fresh="10"' in served.get("/score").text
    assert "data-fresh" not in served.get("/score/2022-W03").text
