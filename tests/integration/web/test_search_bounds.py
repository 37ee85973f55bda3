"""A search among very many looks through the newest of them, says so, and goes on from there."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.book import Book
from tests.support.served import Served


@pytest.fixture
def many(book: Book, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Twenty signals, more than are looked through at once; the ids of those that won, newest first."""
    monkeypatch.setattr("web.signals.MOST_LOOKED_THROUGH", 6)
    won = []
    for n in range(20):
        signal_id = book.signal(
            "0.85", at=f"2022-01-18T10:{n // 2:02d}:00", symbol="RARE" if n == 1 else "MANY"
        )
        book.close(signal_id, 1 if n in (0, 1, 9) else -1)
        won += [signal_id] if n in (0, 1, 9) else []
    return won[::-1]


def test_it_goes_on_to_the_end_and_shows_each_once(served: Served, many: list[str]) -> None:
    path, found, pages = "/api/signals?outcome=won&limit=2", [], 0
    after: str | None = ""
    while after is not None:
        page = served.get(f"{path}&after={quote(after)}", Accept="application/json").json
        found += [one["signal_id"] for one in page["signals"]]
        after, pages = page["next"], pages + 1
        assert pages < 20
    assert (sorted(found), len(found)) == (sorted(many), 3)
    assert pages > 2


def test_what_was_not_counted_is_said_and_all_may_be_asked_for(served: Served, many: list[str]) -> None:
    page = served.get("/signals?outcome=won").text
    assert "Looked through back to 2022-01-18 10:06" in page
    assert "/signals?outcome=won&amp;all=1" in page
    bounded = served.get("/api/signals?outcome=won", Accept="application/json").json
    assert (bounded["total"], bounded["signals"]) == (None, [])
    whole = served.get("/api/signals?outcome=won&all=1", Accept="application/json").json
    assert (whole["total"], whole["next"], whole["looked_back_to"]) == (3, None, None)
    assert "3 signals" in served.get("/signals?outcome=won&all=1").text


@pytest.mark.parametrize(
    "asked",
    ["", "symbol=RARE", "symbol=MANY&outcome=won", "side=long", "symbol=NONE", "until=2022-01-18", "bin=4"],
)
def test_few_are_found_and_counted_as_all_are(
    served: Served, many: list[str], monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr("web.signals.MOST_LOOKED_THROUGH", 100)
    for limit in ("limit=3", "limit=100"):
        soon, whole = (
            served.get(f"/api/signals?{asked}&{limit}{more}", Accept="application/json").json
            for more in ("", "&all=1")
        )
        assert soon == whole
        assert isinstance(soon["total"], int)


def test_the_rarest_thing_asked_for_says_how_far_it_looks(served: Served, many: list[str]) -> None:
    found = served.get("/api/signals?outcome=won&symbol=RARE", Accept="application/json").json
    assert (found["total"], found["next"]) == (1, None)
    span = "since=2022-01-18&until=2022-01-18"
    assert (
        served.get(f"/api/signals?{span}&symbol=RARE&rules=none", Accept="application/json").json["total"]
        == 0
    )
