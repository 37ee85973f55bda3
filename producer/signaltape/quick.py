"""Quick checks for the emit path: twins of each event struct, checked wholly inside msgspec.

The twin reads numbers as floats and accepts only what lies strictly inside the bounds. Rounding to a float
keeps order, so what the twin accepts the exact struct accepts too; at a bound, or for anything that the twin
refuses, the caller asks the exact struct. `tests/unit/test_contract.py` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from signaltape.events import LayerName, LifecycleEvent, Side

#: Nearer to zero than any figure of a trade: a number beyond may be written with more digits than are allowed.
_TINY = 1e-50
#: In an event of so many bytes no number above that has more digits than are allowed.
BARE_BYTES = 400
_BOUNDS: dict[str, Meta] = {
    "confluence_score": Meta(gt=_TINY, lt=1.0),
    "confidence": Meta(gt=_TINY, lt=1.0),
    "rr": Meta(gt=_TINY, lt=1e6),
    "rr_realized": Meta(gt=-1e6, lt=1e6),
    "rr_best": Meta(gt=-1e6, lt=1e6),
    "fees_r": Meta(gt=-1e6, lt=1e6),
    "entry": Meta(gt=_TINY, lt=1e15),
    "sl": Meta(gt=_TINY, lt=1e15),
    "tp": Meta(gt=_TINY, lt=1e15),
    "entry_fill": Meta(gt=_TINY, lt=1e15),
}


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


def quick_twin(kind: type[LifecycleEvent]) -> type[msgspec.Struct]:
    """The twin of an event struct: the same fields, numbers as bounded floats, the side in one place."""
    hints = get_type_hints(kind, include_extras=True)
    specs = sorted(msgspec.structs.fields(kind), key=lambda spec: _place(kind, spec))
    fields = [_IN_THE_TWIN.get(spec.name) or _field(kind, spec, hints[spec.name]) for spec in specs]
    return msgspec.defstruct(
        f"Quick{kind.__name__}", fields, kw_only=True, gc=False, rename={"own_time": kind.TIME_FIELD}
    )


def bare_twin(kind: type[LifecycleEvent]) -> type[msgspec.Struct]:
    """A stricter twin: the required fields and the side, and nothing else, down to the last key.

    So nothing that it accepts holds a `null`, in which a NaN may hide, or a time.
    """
    hints = get_type_hints(kind, include_extras=True)
    specs = sorted(msgspec.structs.fields(kind), key=lambda spec: _place(kind, spec))
    fields = [
        ("scenarios", _BareScenarios)
        if spec.name == "scenarios"
        else (spec.name, _as_float(spec.name, hints[spec.name]))
        for spec in specs
        if spec.required or spec.name == "scenarios"
    ]
    return msgspec.defstruct(
        f"Bare{kind.__name__}", fields, kw_only=True, gc=False, forbid_unknown_fields=True
    )


def bare_check(kind: type[LifecycleEvent]) -> tuple[Callable[[bytes], object], int]:
    """What holds a bare event against its twin (raises ValidationError), and how many fields that has."""
    twin = bare_twin(kind)
    decode = msgspec.json.Decoder(twin).decode
    signed = [name for name in twin.__struct_fields__ if name in _BOUNDS and (_BOUNDS[name].gt or 0) < 0]
    if not signed:
        return decode, len(twin.__struct_fields__)
    (field,) = signed

    def check(data: bytes) -> None:
        if -_TINY < getattr(decode(data), field) < _TINY:
            raise msgspec.ValidationError

    return check, len(twin.__struct_fields__)


def _place(kind: type[LifecycleEvent], spec: Any) -> int:
    """msgspec looks for each key behind the one before: so the fields stand as they are usually written."""
    if spec.name in _AS_WRITTEN:
        return _AS_WRITTEN.index(spec.name)
    if spec.required:
        return len(_AS_WRITTEN)
    return len(_AS_WRITTEN) + (1 if spec.name == kind.TIME_FIELD else 2)


def _field(kind: type[LifecycleEvent], spec: Any, hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    quick = _as_float(spec.name, hint)
    name = "own_time" if spec.name == kind.TIME_FIELD else spec.name
    return (name, quick) if spec.required else (name, quick, spec.default)


def _as_float(name: str, hint: Any) -> Any:
    if not _is_decimal(hint):
        return _plain_int(hint)
    bounded = Annotated[float, _BOUNDS[name]]
    return bounded | None if type(None) in get_args(hint) else bounded


def _plain_int(hint: Any) -> Any:
    """For a whole number, the int alone: written in any other way it is left to the exact struct."""
    choices = get_args(get_args(hint)[0]) if get_origin(hint) is Annotated else ()
    return choices[0] if Decimal in choices else hint


def _is_decimal(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return get_args(hint)[0] is Decimal
    return any(get_origin(choice) is Annotated and _is_decimal(choice) for choice in get_args(hint))
