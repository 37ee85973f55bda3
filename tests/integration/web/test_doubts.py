"""Conflicts side by side, orphans, duplicates by day."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import unquote

from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.support.entries import accepted
from tests.support.samples import closed, new_id, published
from tests.support.served import Served

EVIL = "<script>alert(1)</script>"
DAY = "?since=2022-01-01&until=2022-01-31"


def write(connection: Connection, *entries: object) -> None:
    BatchWriter(connection).write(list(entries))  # type: ignore[arg-type]


def test_a_conflict_shows_both_and_marks_what_differs(served: Served, connection: Connection) -> None:
    signal_id = new_id()
    first = published(signal_id, setup=EVIL, confluence_score=Decimal("0.7999600"))
    write(connection, accepted("signal_published", first))
    write(connection, accepted("signal_published", {**first, "confluence_score": Decimal("0.8"), "rr": 2}))
    text = served.get("/quality/conflicts").text
    differing = re.findall(
        r'class="differs".*?</span> ([\w.]+)</th><td class="json">(.*?)</td><td class="json">(.*?)</td>', text
    )
    assert {path: (a, b) for path, a, b in differing} == {
        "confluence_score": ("0.7999600", "0.8"),
        "rr": ("1.9", "2"),
    }
    assert EVIL not in text
    assert f'href="/signals/{signal_id}"' in text
    assert served.get("/quality/conflicts?event=signal_closed").text.count("<section") == 0


def test_conflicts_come_a_page_at_a_time(served: Served, connection: Connection) -> None:
    for _ in range(11):
        signal_id = new_id()
        write(connection, accepted("signal_closed", closed(signal_id)))
        write(connection, accepted("signal_closed", closed(signal_id, rr_realized=9)))
    first = served.get("/quality/conflicts")
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following is not None
    assert first.text.count('<section class="event">') == 10
    assert served.get(following[1]).text.count('<section class="event">') == 1


def test_orphans_are_listed_until_their_signal_comes(served: Served, connection: Connection) -> None:
    ids = [new_id() for _ in range(52)]
    write(connection, *(accepted("signal_closed", closed(one, symbol=EVIL)) for one in ids))
    first = served.get(f"/quality/orphans{DAY}")
    assert "<h1>52 orphans" in first.text
    assert EVIL not in first.text
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following is not None
    second = served.get(following[1].replace("&amp;", "&"))
    listed = [
        one for page in (first, second) for one in re.findall(r'<a href="/signals/([\w-]+)">', page.text)
    ]
    assert sorted(listed) == sorted(ids), unquote(following[1])
    write(connection, accepted("signal_published", published(ids[0])))
    assert "<h1>51 orphans" in served.get(f"/quality/orphans{DAY}").text
    assert served.get("/quality/orphans?after=x").status == 400
    assert served.get("/quality/orphans?since=2022-01-02&until=2022-01-01").status == 400


def test_duplicates_are_counted_by_day(served: Served, connection: Connection) -> None:
    event = accepted("signal_closed", closed())
    for _ in range(3):
        write(connection, event)
    text = served.get("/quality/duplicates").text
    assert "<h1>2 duplicates</h1>" in text
    assert '<td>2022-01-17</td><td class="num">2</td>' in text
