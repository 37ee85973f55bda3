"""JSON Schemas of every event, for producers in any language."""

from __future__ import annotations

from typing import Any

import msgspec

from signaltape.contract.events import EVENTS, SCHEMA_VERSION
from signaltape.contract.records import RECORDS


def schemas() -> dict[str, Any]:
    """The JSON Schema of each event and record by name, with the version of the contract."""
    return {
        "schema_version": SCHEMA_VERSION,
        "events": {name: _clean(msgspec.json.schema(kind)) for name, kind in {**EVENTS, **RECORDS}.items()},
    }


def _clean(node: Any) -> Any:
    """Say `number` where msgspec says what a Decimal is to it: a text of format `decimal`."""
    if isinstance(node, dict):
        cleaned = {key: _clean(value) for key, value in node.items()}
        if cleaned.get("format") == "decimal":
            del cleaned["format"]
            cleaned["type"] = "number"
        return cleaned
    if isinstance(node, list):
        return [_clean(value) for value in node]
    return node
