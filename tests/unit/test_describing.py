"""The API's description in words, whatever OpenAPI has in it."""

from __future__ import annotations

import pytest

from web.describing import Kind, calls_of, shapes_of

DOCUMENT = {
    "paths": {
        "/api/things/{id}": {
            "parameters": [],
            "post": {
                "summary": "Make one",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "responses": {
                    "201": {"description": "made", "content": {"application/json": {"schema": {}}}},
                    "404": {"description": "no", "content": {"application/problem+json": {"schema": {}}}},
                },
            },
        }
    },
    "components": {
        "schemas": {"Thing": {"type": "object", "required": ["a"], "properties": {"a": {}, "b": {}}}}
    },
}


def test_a_call_with_a_body_is_told_whole() -> None:
    (call,) = calls_of(DOCUMENT)
    assert (call.method, call.path, call.problems) == ("POST", "/api/things/{id}", ["404"])
    assert [(one.name, one.where, one.required) for one in call.parameters] == [
        ("id", "path", True),
        ("application/json", "body", True),
    ]
    assert [one.status for one in call.replies] == ["201"]
    (shape,) = shapes_of(DOCUMENT)
    assert [(one.name, one.required) for one in shape.fields] == [("a", True), ("b", False)]


@pytest.mark.parametrize(
    ("schema", "words", "shape"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 500}, "whole number 1 to 500", None),
        ({"type": "string", "format": "date-time"}, "time", None),
        ({"enum": ["long", "short"]}, "long | short", None),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Signal"}}, "list of Signal", "Signal"),
        ({"anyOf": [{"type": "null"}, {"type": "number"}]}, "number or null", None),
        ({"type": ["string", "null"]}, "text or null", None),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "whole number by name", None),
        ({"type": "object"}, "object", None),
        ({}, "anything", None),
    ],
)
def test_a_schema_in_words(schema: dict[str, object], words: str, shape: str | None) -> None:
    found = shapes_of({"components": {"schemas": {"X": {"type": "object", "properties": {"it": schema}}}}})
    assert found[0].fields[0].kind == Kind(words, shape)
