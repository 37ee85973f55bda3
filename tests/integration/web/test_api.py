"""The API for reading: exact numbers, and a description that is true."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from signaltape import __version__
from tests.support.book import Book
from tests.support.samples import new_id
from tests.support.served import Served

#: No signal has this id.
NOBODY = "0198a3c4-5f2e-7d31-9b1c-3a5f7c9e1b2d"


def exactly(body: bytes) -> Any:
    """JSON whose numbers are kept as they stand."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(body)


def test_numbers_are_as_exact_as_they_are_stored(served: Served, book: Book) -> None:
    score, rr = Decimal("0.79996000000000000001"), Decimal("1.650000000000000000007")
    signal_id = book.closed_signal(score, rr)
    signal = exactly(served.get("/api/signals").body)["signals"][0]
    assert (signal["score"], signal["rr_realized"], signal["bin"]) == (score, rr, "0.70-0.79")
    whole = exactly(served.get(f"/api/signals/{signal_id}").body)
    assert whole["signal"] == signal
    assert {one["event"] for one in whole["events"]} == {"signal_published", "signal_closed"}
    published = next(one for one in whole["events"] if one["event"] == "signal_published")
    assert published["payload"]["confluence_score"] == score
    assert set(published) >= {"happened", "streamed", "stored", "stream", "entry_id"}


def test_filters_and_pages(served: Served, book: Book) -> None:
    won = [book.closed_signal("0.85", 1, at=f"2022-01-18T10:0{n}:00") for n in range(5)]
    book.closed_signal("0.85", -1)
    first = served.get("/api/signals?outcome=won&limit=3").json
    second = served.get(f"/api/signals?outcome=won&limit=3&after={first['next'].replace('+', '%2B')}").json
    assert first["total"] == 5
    assert second["next"] is None
    listed = [one["signal_id"] for page in (first, second) for one in page["signals"]]
    assert listed == won[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "bin=9",
        "since=soon",
        "low=2",
        "low=NaN",
        "outcome=x",
        "side=up",
        "after=x",
        "symbol=%00",
    ],
)
def test_what_cannot_be_asked_is_400_by_name(served: Served, query: str) -> None:
    answer = served.get(f"/api/signals?{query}")
    assert answer.status == 400
    assert answer.json["detail"].startswith(query.partition("=")[0])


@pytest.mark.parametrize("path", [f"/api/signals/{NOBODY}", "/api/signals/none", "/api/none"])
def test_what_is_not_there_is_404(served: Served, path: str) -> None:
    assert served.get(path).status == 404


def test_a_scorecard_is_computed_for_any_week(served: Served, book: Book) -> None:
    book.closed_signal("0.85", 1)
    card = served.get("/api/scorecards/2022-W03").json
    assert (card["week"], card["bins"]["0.80+"]["n"]) == ("2022-W03", 1)
    assert served.get("/api/scorecards/none").status == 400
    assert served.get("/api/scorecards/2022-W03.png").body.startswith(b"\x89PNG")


def test_health_tells_stations_and_versions(served: Served) -> None:
    health = served.get("/api/health").json
    assert {one["name"] for one in health["steps"]} >= {"Journal", "Stream", "Worker", "Postgres", "Telegram"}
    assert health["versions"]["signaltape"] == __version__
    assert served.get("/healthz").status == 200
    assert served.get("/readyz").status == 200


def test_metrics_count_by_pattern_of_address(served: Served) -> None:
    served.get(f"/signals/{new_id()}")
    text = served.get("/metrics").text
    assert 'address="/signals/{signal_id}",method="GET",status="404"' in text
    assert "signaltape_web_answer_seconds_bucket" in text


def test_the_description_names_every_call_and_every_shape_it_points_to(served: Served) -> None:
    described = served.get("/api/openapi.json").json
    schemas = described["components"]["schemas"]
    for ref in _refs(described):
        assert ref.removeprefix("#/components/schemas/") in schemas
    for path, calls in described["paths"].items():
        asked = path.replace("{signal_id}", new_id()).replace("{week}", "2022-W03")
        asked = asked.replace("{number}", "1").replace("{version}", "v1")
        if "get" in calls and path != "/api/events":
            assert served.get(asked).status in (200, 404), path


def _refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [ref for value in node.values() for ref in _refs(value)]
    return [ref for value in node for ref in _refs(value)] if isinstance(node, list) else []
