"""Dead letters on their page: looked for, looked at, requeued or dropped, exactly those that were shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consumer.accepted import Outcome
from signaltape import Settings
from sink.db import Connection, connect
from sink.dead_letters import Filter
from tests.integration.draining import drain
from tests.integration.web.test_access import Browser, make_key
from tests.integration.web.upkeep import bury, count_of, logged_in, noted, send
from tests.support.samples import as_json, closed, new_id
from tests.support.served import Served, serving
from web import keys
from web.settings import WebSettings
from worker.operations import foretell_dead_letter, requeue_dead_letters, show_dead_letter

EVIL = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
ALL = "/quality/dead-letters/confirm?all=1"


@pytest.fixture
def admin(settings: Settings) -> keys.NewKey:
    return make_key(settings, "admin")


@pytest.fixture
def browser(admin: keys.NewKey, web_settings: WebSettings) -> Iterator[Browser]:
    """Somebody who may do everything, logged in."""
    with serving(web_settings) as running:
        yield logged_in(Browser(running), admin)


def test_letters_are_found_by_whatever_is_known_of_them(
    served: Served, connection: Connection, key: str
) -> None:
    bury(connection, key, 3)
    bury(connection, key, 2, event="state_event", reason="state must be a text, got 7")
    bury(connection, "other:{0}", raw=b'{"symbol": "ODD-PERP"}')
    for query, n in (
        ("", 6),
        ("?event=state_event", 2),
        ("?reason=must+be", 2),
        ("?text=ODD-PERP", 1),
        ("?stream=other:%7B0%7D", 1),
        ("?since=2022-01-17&until=2022-01-17", 6),
        ("?since=2022-01-18", 0),
        ("?text=nowhere", 0),
    ):
        answer = served.get(f"/quality{query}")
        assert answer.status == 200
        assert f"<h1>{n} dead letter{'' if n == 1 else 's'}</h1>" in answer.text, query
    assert served.get("/quality?since=soon").status == 400


def test_older_letters_are_on_the_next_page(served: Served, connection: Connection, key: str) -> None:
    ids = bury(connection, key, 51)
    first = served.get("/quality?event=signal_closed")
    assert f'href="/quality/dead-letters/{ids[0]}"' not in first.text
    assert f"/quality?event=signal_closed&amp;below={ids[1]}" in first.text
    second = served.get(f"/quality?event=signal_closed&below={ids[1]}")
    assert f'href="/quality/dead-letters/{ids[0]}"' in second.text


def test_a_letter_shows_its_bytes_and_they_do_nothing(
    served: Served, connection: Connection, key: str
) -> None:
    raw = f"\xff\x00{EVIL}\u202e".encode("latin-1", "ignore") + "\u202e".encode()
    (number,) = bury(connection, key, event=EVIL, reason=EVIL, raw=raw, note=EVIL.encode())
    for path in (f"/quality/dead-letters/{number}", "/quality", f"{ALL}&do=drop"):
        text = served.get(path).text
        assert "&lt;script&gt;" in text
        assert "<script>" not in text
        assert "<img" not in text
    text = served.get(f"/quality/dead-letters/{number}").text
    assert r"\xff\x00" in text
    assert r"\u202e" in text
    file = served.get(f"/quality/dead-letters/{number}/raw")
    assert file.body == raw
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert served.get("/quality/dead-letters/999999").status == 404


def test_it_is_told_what_a_requeue_would_do_now(settings: Settings, connection: Connection, key: str) -> None:
    signal_id = new_id()

    def told(**how: object) -> str:
        (number,) = bury(connection, key, **how)  # type: ignore[arg-type]
        foretold = foretell_dead_letter(settings, show_dead_letter(settings, number))
        assert foretold.stored is foretold.says.startswith("It would be stored")
        return foretold.says

    event = as_json(closed(signal_id))
    assert told(raw=event) == "It would be stored, as signal_closed."
    assert told(raw=b"{}").startswith("It would come back: signal_id")
    assert told(event="nothing").startswith("It would come back: event must be one of")
    assert told(raw=event, v=b"9") == "It would come back: v (schema version) must be 1, got 9"
    (number,) = bury(connection, key, raw=event)
    assert "signal_closed" in told(raw=event)
    requeue_dead_letters(settings, Filter(ids=[number]))
    assert drain(settings, key) == Outcome(stored=1)
    assert "duplicate" in told(raw=event)
    assert "conflict" in told(raw=as_json(closed(signal_id, rr_realized=9)))
    (elsewhere,) = bury(connection, "former:{0}", raw=event)
    foretold = foretell_dead_letter(settings, show_dead_letter(settings, elsewhere))
    assert foretold.says.startswith(f"It would stay: SIGNALTAPE_STREAM={settings.stream} has no partition")


def test_all_that_match_are_dropped_after_their_number_was_shown(
    browser: Browser, admin: keys.NewKey, connection: Connection, key: str
) -> None:
    bury(connection, key, 3)
    bury(connection, key, 2, reason="another")
    page = browser.get(f"{ALL}&reason=a+bug&do=drop")
    assert "Drop 3 dead letters?" in page.text
    assert count_of(connection) == 5
    done = send(browser, page, "/quality/dead-letters/drop")
    assert (done.status, count_of(connection)) == (200, 2)
    assert "<h1>3 dead letters dropped</h1>" in done.text
    ((who, what, outcome),) = noted(connection)
    assert who == f"trader ({admin.key_id})"
    assert what.startswith("drop 3 dead letters up to ")
    assert what.endswith("all=1, reason=a bug")
    assert outcome == "dropped 3 of 3"
    again = send(browser, page, "/quality/dead-letters/drop")
    assert (again.status, count_of(connection)) == (409, 2)


def test_chosen_ones_go_through_again_and_land(
    browser: Browser, settings: Settings, connection: Connection, key: str
) -> None:
    ids = bury(connection, key, 4)
    page = browser.get(f"/quality/dead-letters/confirm?id={ids[0]}&id={ids[2]}&do=requeue")
    assert "Requeue 2 dead letters?" in page.text
    assert "<h1>2 dead letters requeued</h1>" in send(browser, page, "/quality/dead-letters/requeue").text
    assert drain(settings, key) == Outcome(stored=2)
    assert count_of(connection) == 2
    assert noted(connection)[0][2] == "requeued 2 of 2"


def test_letters_that_come_after_they_were_shown_stay(
    browser: Browser, connection: Connection, key: str
) -> None:
    bury(connection, key, 3)
    page = browser.get(f"{ALL}&do=drop")
    late = bury(connection, key, 2)
    assert "<h1>3 dead letters dropped</h1>" in send(browser, page, "/quality/dead-letters/drop").text
    assert connection.execute("SELECT id FROM dead_letters ORDER BY id").fetchall() == [
        (one,) for one in late
    ]


def test_if_they_are_others_by_then_nothing_is_done(
    browser: Browser, connection: Connection, settings: Settings, key: str
) -> None:
    """A letter with a lower id that is committed later: the number alone would not tell it from those shown."""
    assert settings.database_url is not None
    with connect(settings.database_url, autocommit=False) as late:
        bury(late, key, reason="committed late")
        bury(connection, key, 3)
        page = browser.get(f"{ALL}&do=drop")
        assert "Drop 3 dead letters?" in page.text
        late.commit()
    answer = send(browser, page, "/quality/dead-letters/drop")
    assert (answer.status, count_of(connection)) == (409, 4)
    assert "Nothing was done" in answer.text
    assert "Drop 4 dead letters?" in answer.text
    assert noted(connection)[0][2].startswith("failed: these are no more the 3 letters")
    assert send(browser, answer, "/quality/dead-letters/drop").status == 200
    assert count_of(connection) == 0


def test_who_may_only_read_sees_no_button_and_can_do_nothing(
    admin: keys.NewKey, web_settings: WebSettings, settings: Settings, connection: Connection, key: str
) -> None:
    bury(connection, key)
    with serving(web_settings) as running:
        reader = logged_in(Browser(running), make_key(settings, "read", "replay"))
        page = reader.get("/quality")
        assert "scope admin" in page.text
        assert "Requeue" not in page.text
        token = reader.jar["signaltape_form"].value
        body = f"csrf={token}&all=1&letters=1&up_to=99"
        for way in ("requeue", "drop"):
            assert reader.post(f"/quality/dead-letters/{way}", body).status == 403
            json = running.ask(
                "POST",
                f"/api/dead-letters/{way}",
                '{"expected": 1, "filter": {}}',
                {"Authorization": f"Bearer {make_key(settings).text}", "Content-Type": "application/json"},
            )
            assert json.status == 403
    assert count_of(connection) == 1
    assert noted(connection) == []


def test_a_form_of_another_page_does_nothing(browser: Browser, connection: Connection, key: str) -> None:
    bury(connection, key)
    page = browser.get(f"{ALL}&do=drop")
    for token in ("-", "0" * 32):
        assert send(browser, page, "/quality/dead-letters/drop", csrf=token).status == 403
    assert (count_of(connection), noted(connection)) == (1, [])


@pytest.mark.parametrize(
    "query", ["do=drop", "do=x&all=1", "do=drop&id=x", "do=drop&id=-1", "do=drop&id=" + "9" * 30]
)
def test_without_a_choice_nothing_is_asked(served: Served, query: str) -> None:
    assert served.get(f"/quality/dead-letters/confirm?{query}").status == 400
