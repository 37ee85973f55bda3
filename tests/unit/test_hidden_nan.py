"""A number that is none is refused by name, however it hides: nothing becomes null silently."""

from __future__ import annotations

import dataclasses
import enum
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaltape import Emitter, InvalidEvent, Settings
from tests.support.odd_events import Made, Scalar
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import published


class Ratio(enum.Enum):
    """An enumeration with a number that is none."""

    NONE = math.nan


class Box(msgspec.Struct):
    """A struct with whatever in it."""

    inside: Any


@dataclasses.dataclass(slots=True)
class Slotted:
    """A dataclass without a dict."""

    inside: Any


HIDDEN: list[tuple[Any, str]] = [
    (math.nan, "note"),
    (-math.inf, "note"),
    (Scalar(math.nan), "note"),  # numpy's float32
    (Scalar([1.0, [math.inf]]), "note[1][0]"),  # an array
    ({1.0, math.nan}, "note["),
    (frozenset([math.inf]), "note[0]"),
    (Made(math.nan), "note.value"),
    (Slotted([Box({"deep": math.nan})]), "note.inside[0].inside.deep"),
    (Ratio.NONE, "note"),
    ([Made(Scalar(math.nan))], "note[0].value"),
    (Decimal("NaN"), "note"),
    (Decimal("sNaN"), "note"),
    ({"a": [Decimal("-Infinity")]}, "note.a[0]"),
    (Made(Decimal("NaN")), "note.value"),
]


@pytest.mark.parametrize(("value", "place"), HIDDEN, ids=range(len(HIDDEN)))
def test_it_is_refused_by_name_wherever_it_hides(tmp_path: Path, value: Any, place: str) -> None:
    with Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False, strict=True) as tape:
        assert tape.published(published())
        for emit, event in (
            (tape.published, published(note=value, tp=None)),
            (tape.state, {**RECORD_SAMPLES["state_event"], "note": value}),
        ):
            with pytest.raises(InvalidEvent) as caught:
                emit(event)
            assert str(caught.value).startswith(place)
            assert "must be a finite number" in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [None],
        {"null": "null"},
        Made(None),
        Scalar([None, 1.5]),
        {1.5, 2.5},
        msgspec.Raw(b"null"),
        "NaN",
    ],
)
def test_a_null_that_is_meant_passes(tmp_path: Path, value: Any) -> None:
    with Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False, strict=True) as tape:
        for _ in range(2):  # the thorough way, then the quick one
            assert tape.published(published(note=value))
