"""The JSON Schemas of version 1 only grow: producers in other languages rely on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signaltape.events import EVENTS, SCHEMA_VERSION
from signaltape.records import RECORDS
from signaltape.schema import schemas

FROZEN = Path(__file__).parent / "schemas"


@pytest.mark.parametrize("name", [*EVENTS, *RECORDS])
def test_what_was_valid_once_is_valid_for_ever(name: str) -> None:
    """New fields are optional, and those of the frozen schema are as they were."""
    frozen = json.loads((FROZEN / f"v{SCHEMA_VERSION}" / f"{name}.json").read_text())
    found = schemas()["events"][name]
    for title, was in frozen["$defs"].items():
        now = found["$defs"][title]
        assert now.get("required") == was.get("required"), "a change of the contract needs a new version"
        for field, rule in was.get("properties", {}).items():
            assert now["properties"][field] == rule, field
        rest = {"properties", "required"}
        assert {key: now[key] for key in now.keys() - rest} == {key: was[key] for key in was.keys() - rest}
    assert found["$ref"] == frozen["$ref"]


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
