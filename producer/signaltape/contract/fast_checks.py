"""Quick checks for the emit path: twins of each event struct, checked wholly inside msgspec.

The twin reads numbers as floats and accepts only what lies strictly inside the bounds. Rounding to a float
keeps order, so what the twin accepts the exact struct accepts too; at a bound, or for anything that the twin
refuses, the caller asks the exact struct. `tests/unit/test_contract.py` holds the two against each other.
"""

# Annotations are no texts here: each would be compiled at import.
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from signaltape.contract.declared import Declared, declared
from signaltape.contract.events import LifecycleEvent, Side
from signaltape.contract.layers import LayerName

#: Nearer to zero than any figure of a trade: a number beyond may be written with more digits than are allowed.
_TINY = 1e-50
#: In an event of so many bytes no number above that has more digits than are allowed.
BARE_BYTES = 400


class _BareSide(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    side: Side


class _BareScenarios(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    primary: _BareSide


class _Primary(msgspec.Struct, gc=False):
    side: Side


class _OneSide(msgspec.Struct, gc=False):
    primary: _Primary


class _Layer(msgspec.Struct, gc=False):
    match: bool | Literal["match", "not_match"]
    weight: float | None = None


#: The usual way to give the side. Any other (in `side`, in both, in neither) is left to the exact struct.
_IN_THE_TWIN: dict[str, tuple[str, Any] | tuple[str, Any, Any]] = {
    "side": ("side", None, None),
    "scenarios": ("scenarios", _OneSide),
    "layers": ("layers", dict[LayerName, bool | Literal["match", "not_match"] | _Layer] | None, None),
}


#: A publication's fields in the usual order.
_AS_WRITTEN = (
    "signal_id",
    "symbol",
    "confluence_score",
    "rr",
    "scenarios",
    "expiry_minutes",
    "rules_version",
)


def fast_twin(kind: type[LifecycleEvent]) -> type[msgspec.Struct]:
    """The twin of an event struct: the same fields, numbers as bounded floats, the side in one place."""
    fields = [_IN_THE_TWIN.get(field.name) or _twin_of(kind, field) for field in as_written(kind)]
    return msgspec.defstruct(
        f"Quick{kind.__name__}", fields, kw_only=True, gc=False, rename={"own_time": kind.TIME_FIELD}
    )


def bare_twin(kind: type[LifecycleEvent]) -> type[msgspec.Struct]:
    """A stricter twin: the required fields and the side, and nothing else, down to the last key.

    So nothing that it accepts holds a `null`, in which a NaN may hide, or a time.
    """
    fields = [
        ("scenarios", _BareScenarios) if field.name == "scenarios" else (field.name, _strictly(field))
        for field in as_written(kind)
        if field.required or field.name == "scenarios"
    ]
    return msgspec.defstruct(
        f"Bare{kind.__name__}", fields, kw_only=True, gc=False, forbid_unknown_fields=True
    )


def bare_check(kind: type[LifecycleEvent]) -> tuple[Callable[[bytes], Any], int]:
    """What holds a bare event against its twin (raises ValidationError), and how many fields that has."""
    twin = bare_twin(kind)
    decode = msgspec.json.Decoder(twin).decode
    signed = [field.name for field in declared(kind) if _is_signed(field) and field.required]
    if not signed:
        return decode, len(twin.__struct_fields__)
    (name,) = signed

    def check(data: bytes) -> None:
        if -_TINY < getattr(decode(data), name) < _TINY:
            raise msgspec.ValidationError

    return check, len(twin.__struct_fields__)


def as_written(kind: type[LifecycleEvent]) -> list[Declared]:
    """An event's fields as they are usually written: msgspec looks for each key behind the one before."""

    def place(field: Declared) -> int:
        if field.name in _AS_WRITTEN:
            return _AS_WRITTEN.index(field.name)
        if field.required:
            return len(_AS_WRITTEN)
        return len(_AS_WRITTEN) + (1 if field.name == kind.TIME_FIELD else 2)

    return sorted(declared(kind), key=place)


def _twin_of(kind: type[LifecycleEvent], field: Declared) -> tuple[str, Any] | tuple[str, Any, Any]:
    name = "own_time" if field.name == kind.TIME_FIELD else field.name
    strict = _strictly(field)
    return (name, strict) if field.required else (name, strict | None, field.default)


def _strictly(field: Declared) -> Any:
    """A field's type in a twin: a number as float inside its bounds, a whole number as the int alone."""
    if not field.is_number:
        return field.whole or field.type
    assert field.bounds is not None
    low = float(field.bounds.low) if _is_signed(field) else _TINY
    return Annotated[float, Meta(gt=low, lt=float(field.bounds.high))]


def _is_signed(field: Declared) -> bool:
    return field.is_number and field.bounds is not None and field.bounds.low < 0
