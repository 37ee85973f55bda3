"""What the pages that look after things need: dead letters that are there, somebody who may, and what was noted."""

from __future__ import annotations

import itertools
import re
from typing import Any
from urllib.parse import urlencode

from consumer.decoding.dead_fields import pack_fields
from sink.db import Connection
from tests.integration.web.test_access import Browser
from tests.support.samples import as_json, closed
from tests.support.served import Answer
from web import keys

_BURY = """
INSERT INTO dead_letters (stream, entry_id, event, raw, fields, reason, entry_ts)
VALUES (%s, %s, %s, %s, %s, %s, to_timestamp(1642395600)) RETURNING id
"""
_NUMBERS = itertools.count()


def bury(
    connection: Connection,
    key: str,
    count: int = 1,
    *,
    event: str = "signal_closed",
    reason: str = "a bug",
    raw: bytes | None = None,
    **more: bytes,
) -> list[int]:
    """Dead letters of entries that are in order, unless `raw` says otherwise; their ids."""
    fields = pack_fields({b"event": event.encode(), **{name.encode(): value for name, value in more.items()}})
    found: list[int] = []
    for _ in range(count):
        data = as_json(closed()) if raw is None else raw
        entry = (key, f"1642395600000-{next(_NUMBERS)}", event, data, fields, reason)
        found += connection.execute(_BURY, entry).fetchall()[0]
    return found


def count_of(connection: Connection) -> int:
    """How many dead letters there are."""
    return int(connection.execute("SELECT count(*) FROM dead_letters").fetchall()[0][0])


def noted(connection: Connection) -> list[tuple[Any, ...]]:
    """The audit but for logins: what was done, and what came of it."""
    return connection.execute(
        "SELECT who, what, outcome FROM web_audit WHERE what <> 'login' ORDER BY id"
    ).fetchall()


def logged_in(browser: Browser, key: keys.NewKey) -> Browser:
    """A browser with the cookie of a key."""
    assert browser.submit("/login", "/login", key=key.text).status == 303
    return browser


def send(browser: Browser, page: Answer, action: str, **changes: str) -> Answer:
    """Send the form of a page that goes to this address, as it stands there but for the changes."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page.text, re.DOTALL)
    assert form is not None, action
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    given = [(name, changes.get(name, value)) for name, value in fields]
    return browser.post(action, urlencode([one for one in given if one[1] != "-"]))
