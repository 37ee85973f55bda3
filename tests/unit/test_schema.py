"""The JSON Schemas of version 1 are frozen: producers in other languages rely on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signaltape.events import EVENTS, SCHEMA_VERSION
from signaltape.records import RECORDS
from signaltape.schema import schemas

FROZEN = Path(__file__).parent / "schemas"


@pytest.mark.parametrize("name", [*EVENTS, *RECORDS])
def test_the_schema_is_the_frozen_one(name: str) -> None:
    frozen = json.loads((FROZEN / f"v{SCHEMA_VERSION}" / f"{name}.json").read_text())
    assert schemas()["events"][name] == frozen, "a change of the contract needs a new version"


def test_every_frozen_schema_still_has_its_event() -> None:
    assert {path.stem for path in (FROZEN / "v1").glob("*.json")} == {*EVENTS, *RECORDS}


def test_numbers_are_numbers_in_the_schema() -> None:
    published = schemas()["events"]["signal_published"]["$defs"]["SignalPublished"]["properties"]
    assert published["confluence_score"] == {
        "description": "must be in 0..1",
        "type": "number",
        "minimum": 0,
        "maximum": 1,
    }
