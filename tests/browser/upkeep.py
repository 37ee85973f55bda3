"""Dead letters, conflicts, orphans, messages and proposals as a bad week leaves them, hostile texts among them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from outbox.outbox import File, Outbox
from outbox.text import TextBuilder
from reports.operations.rules import propose_rules
from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.integration.test_rules import write_weeks
from tests.integration.web.upkeep import bury
from tests.support.book import W03
from tests.support.entries import accepted
from tests.support.samples import as_json, closed, new_id, published
from tests.support.sending import SOON, now

EVIL = '"><img src=x onerror="document.title=1"><script>document.title=2</script>'


def disturb(connection: Connection, settings: Settings, key: str) -> dict[str, str]:
    """Put all of it in; returns the addresses of the pages that show it."""
    number = _letters(connection, key)
    _conflicts(connection)
    message = _messages(connection)
    write_weeks(connection)
    version = propose_rules(settings, W03, utc_now())
    assert version is not None
    rule = f"/rules/{version.replace('+', '%2B')}"
    tried = "layer=smc&weight=0.25&layer=trend&weight=0.35&layer=news&weight=0.4"
    return {
        "quality": "/quality",
        "quality-filtered": "/quality?reason=must+be",
        "letter": f"/quality/dead-letters/{number}",
        "letters-confirm": "/quality/dead-letters/confirm?all=1&reason=must+be&do=drop",
        "conflicts": "/quality/conflicts",
        "orphans": "/quality/orphans?since=2022-01-01&until=2022-01-31",
        "duplicates": "/quality/duplicates",
        "messages": "/messages",
        "message": f"/messages/{message}",
        "rules": "/rules",
        "rule": rule,
        "what-if": f"/rules/what-if?week=2022-W03&{tried}",
        "what-if-empty": "/rules/what-if",
    }


def _letters(connection: Connection, key: str) -> int:
    wrong = as_json(published(confluence_score=Decimal("1.7"), symbol=EVIL))
    bury(
        connection,
        key,
        4,
        event="signal_published",
        reason="confluence_score must be in 0..1, got 1.7",
        raw=wrong,
    )
    bury(connection, key, 2, event="signal_lost", reason="event must be one of " + "signal_published, " * 40)
    bury(connection, key, event="x" * 200, reason="data must be JSON: " + "long" * 200, raw=b"\xff\xfe" * 300)
    (number,) = bury(
        connection, key, event=EVIL, reason=EVIL, raw=f"{EVIL}\u202e\n{{}}".encode(), note=b"\x00\x07"
    )
    return number


def _conflicts(connection: Connection) -> None:
    def write(name: str, fields: dict[str, Any]) -> None:
        BatchWriter(connection).write([accepted(name, fields)])

    first = published(new_id(), setup=EVIL, layers={"smc": {"match": True, "weight": Decimal("0.20")}})
    write("signal_published", first)
    write("signal_published", {**first, "confluence_score": Decimal("0.8200001"), "note": "w" * 300})
    for symbol in ("SOL-USDT-SWAP", EVIL, "L" * 60):
        event = closed(symbol=symbol)
        for _ in range(3):
            write("signal_closed", event)
    write("signal_closed", {**event, "rr_realized": -1})


def _messages(connection: Connection) -> int:
    text = (
        TextBuilder()
        .line("📊 Scorecard 2022-W03 · ⏳ NOT ENOUGH DATA", "bold")
        .line("17–23 Jan WIB · BTC-PERP")
    )
    text.line().line("<0.50       0.667   n=3\n0.50-0.59   0.357   n=14", "pre").line(EVIL, "code")
    for place, state in enumerate(("sent", "queued", "failed", "expired", "uncertain")):
        Outbox(connection).enqueue(
            f"scorecard:2022-01-{10 + place}:-1001234567890", "-1001234567890", text.build(), now() + SOON,
            [File("photo", "scorecard-2022-W03.png", b"x" * 5000), File("document", "week.pdf", b"x")],
        )  # fmt: skip
        connection.execute(
            "UPDATE outbox SET state = %s, last_error = %s WHERE id = (SELECT max(id) FROM outbox)",
            (state, None if state in ("sent", "queued") else f"Bad Request: {EVIL}"),
        )
    row = connection.execute("SELECT max(id) FROM outbox").fetchone()
    assert row is not None
    return int(row[0])
