"""The calls that look after what is recorded: exact, guarded by what was expected, refused in words."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import pytest

from outbox.outbox import Outbox
from reports.operations.rules import propose_rules
from signaltape import Settings
from signaltape.clock import utc_now
from signaltape.errors import NotAllowedNow
from sink.db import Connection
from sink.dead_letters import Filter
from tests.integration.test_rules import PROPOSED, write_weeks
from tests.integration.web.test_api import exactly
from tests.integration.web.upkeep import bury, count_of, noted
from tests.support.book import W03
from tests.support.sending import REPORT, SOON, now
from tests.support.served import Answer, Served
from worker.operations import count_dead_letters, drop_dead_letters

RULES = "/api/rules/v1%2B2022-W03"


def post(served: Served, path: str, body: Any = None) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return served.ask("POST", path, text, {"Content-Type": "application/json"})


def test_dead_letters_are_listed_with_all_that_a_decision_needs(
    served: Served, connection: Connection, key: str
) -> None:
    ids = bury(connection, key, 3, raw=b"\xff\x00")
    first = served.get("/api/dead-letters?limit=2&event=signal_closed").json
    assert (first["total"], first["up_to"]) == (3, ids[2])
    assert [one["id"] for one in first["letters"]] == ids[:0:-1]
    second = served.get(f"/api/dead-letters?below={first['next']}").json
    assert ([one["id"] for one in second["letters"]], second["next"]) == (ids[:1], None)
    whole = served.get(f"/api/dead-letters/{ids[0]}").json
    assert (base64.b64decode(whole["data"]), whole["text"]) == (b"\xff\x00", None)
    assert whole["requeue"]["stored"] is False


def test_only_as_many_as_expected_are_taken(served: Served, connection: Connection, key: str) -> None:
    ids = bury(connection, key, 5)
    for wrong in (4, 6):
        answer = post(served, "/api/dead-letters/drop", {"expected": wrong, "filter": {"reason": "a bug"}})
        assert (answer.status, count_of(connection)) == (409, 5)
    few = {"expected": 2, "filter": {"text": "signal_id"}, "up_to": ids[1]}
    assert post(served, "/api/dead-letters/drop", few).json == {"done": 2, "refused": [], "untouched": 0}
    some = {"expected": 2, "ids": ids[2:4]}
    assert post(served, "/api/dead-letters/requeue", some).json["done"] == 2
    assert post(served, "/api/dead-letters/requeue", some).status == 409
    assert post(served, "/api/dead-letters/drop", {"expected": 1, "filter": {}}).json["done"] == 1
    assert count_of(connection) == 0
    assert noted(connection)[-1] == (
        "this machine",
        f"drop 1 dead letters up to {ids[4]}: all",
        "dropped 1 of 1",
    )


def test_as_many_others_are_not_those_that_were_shown(
    settings: Settings, connection: Connection, key: str
) -> None:
    ids = bury(connection, key, 4)
    shown = count_dead_letters(settings, Filter(ids=ids[1:]))
    with pytest.raises(NotAllowedNow):
        drop_dead_letters(settings, Filter(ids=[ids[0], *ids[2:]]), shown=shown)
    assert drop_dead_letters(settings, Filter(ids=ids[1:]), shown=shown) == 3


def test_a_call_is_guarded_as_the_page_is(served: Served, connection: Connection, key: str) -> None:
    ids = bury(connection, key, 4)
    connection.execute("UPDATE dead_letters SET reason = 'another' WHERE id = %s", (ids[0],))
    listed = served.get("/api/dead-letters?reason=a+bug").json
    asked = {
        "expected": listed["total"],
        "filter": {"reason": "a bug"},
        "up_to": listed["up_to"],
        "ids_sum": listed["ids_sum"],
    }
    connection.execute(
        "UPDATE dead_letters SET reason = CASE id WHEN %s THEN 'a bug' ELSE 'another' END WHERE id = ANY(%s)",
        (ids[0], ids[:2]),
    )
    assert served.get("/api/dead-letters?reason=a+bug").json["total"] == listed["total"]
    assert post(served, "/api/dead-letters/drop", asked).status == 409
    assert count_of(connection) == 4
    now = served.get("/api/dead-letters?reason=a+bug").json["ids_sum"]
    assert post(served, "/api/dead-letters/drop", {**asked, "ids_sum": now}).json["done"] == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 422),
        ({}, 422),
        ({"expected": 1}, 400),
        ({"expected": 1, "ids": [1], "filter": {}}, 400),
        ({"expected": -1, "ids": [1]}, 422),
        ({"expected": 1, "ids": ["x"]}, 422),
        ({"expected": 1, "filter": {"reasn": "a"}}, 422),
        ({"expected": 1, "filter": {"since": "soon"}}, 400),
        ({"expected": 1, "filter": {"text": "\0"}}, 400),
        ({"expected": 1, "filter": {"text": "\ud800"}}, 400),
    ],
)
def test_what_is_not_plainly_said_is_refused(
    served: Served, connection: Connection, key: str, body: Any, status: int
) -> None:
    bury(connection, key)
    assert post(served, "/api/dead-letters/drop", body).status == status
    assert (count_of(connection), noted(connection)) == (1, [])


def test_a_message_is_shown_and_resent(served: Served, connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)
    connection.execute("UPDATE outbox SET state = 'failed'")
    page = served.get("/api/deliveries?state=failed").json
    assert page["states"] == {"failed": 1}
    number = page["deliveries"][0]["id"]
    shown = served.get(f"/api/deliveries/{number}").json
    assert (shown["body"], shown["entities"][0]["type"]) == (REPORT.text, "bold")
    assert post(served, f"/api/deliveries/{number}/resend").json["success"] is True
    assert post(served, f"/api/deliveries/{number}/resend").status == 409
    assert served.get(f"/api/deliveries/{number}").json["state"] == "queued"


def test_rules_are_exact_decided_on_and_tried(
    served: Served, settings: Settings, connection: Connection
) -> None:
    write_weeks(connection)
    assert propose_rules(settings, W03, utc_now()) == PROPOSED
    assert [one["version"] for one in served.get("/api/rules").json["rules"]] == [PROPOSED]
    exact = Decimal("0.25000000000000000000000001")
    connection.execute(
        "UPDATE rules_versions SET weights = weights || jsonb_build_object('smc', %s::numeric)", (exact,)
    )
    assert exactly(served.get(RULES).body)["weights"]["smc"] == exact
    assert post(served, f"{RULES}/accept").json["status"] == "accepted"
    assert post(served, f"{RULES}/reject").status == 409
    tried = {"weights": {"smc": 0.25, "trend": 0.35}, "week": "2022-W03"}
    found = post(served, "/api/whatif", tried).json
    assert (
        found["signals"],
        found["weeks"],
        sum(one["n"] for one in found["rescored"]["bins"].values()),
    ) == (
        512,
        8,
        512,
    )
    assert post(served, "/api/whatif", {**tried, "week": "2020-W01"}).status == 404
    for wrong, status in (
        ({"smc": "x"}, 422),
        ([1], 422),
        ({}, 400),
        ({"smc": 1e300}, 400),
        ({"smc": "NaN"}, 400),
    ):
        assert post(served, "/api/whatif", {"weights": wrong}).status == status
