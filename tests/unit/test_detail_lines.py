"""Whichever fields of an event are given, each stands in its own column, and the others are NULL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consumer.decoding.fast_events import fast_decode
from signaltape.contract.codec import decode
from signaltape.contract.declared import Declared, declared, plain_type
from signaltape.contract.events import EVENTS
from sink.write.rows import DETAIL, NULL
from tests.support.samples import ALL_SAMPLES, as_json, new_id

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)
_OPTIONAL = {
    name: [
        field
        for field in declared(kind)
        if field.column == field.name and not field.required and field.name not in ("side", kind.TIME_FIELD)
    ]
    for name, kind in EVENTS.items()
}


def value_of(field: Declared, number: int) -> object:
    """One that no other field has, where its type has so many."""
    if field.choices is not None:
        return field.choices[-1]
    if plain_type(field.type) is bool:
        return False
    return number / 100 if field.is_number else f"text {number}"


def choices_of(fields: list[Declared]) -> list[list[Declared]]:
    """None of them, all, each by itself, and all but one."""
    each = [[one] for one in fields]
    but_one = [[other for other in fields if other is not one] for one in fields]
    return [[], fields, *each, *but_one]


@pytest.mark.parametrize("name", EVENTS)
def test_each_given_field_stands_in_its_column(name: str) -> None:
    for chosen in choices_of(_OPTIONAL[name]):
        given = {field.name: value_of(field, number) for number, field in enumerate(chosen, 1)}
        sent = as_json({**ALL_SAMPLES[name](new_id()), **given})
        fast = fast_decode(name, sent, "1-0", lambda _: NOON)
        assert fast is not None
        for decoded in (fast, decode(name, sent, default_ts=NOON)):
            cells = DETAIL[name].line(decoded, "noon").split("\t")
            found = dict(zip(DETAIL[name].columns, cells, strict=True))
            for field in _OPTIONAL[name]:
                assert found[field.name] == str(given.get(field.name, NULL))
