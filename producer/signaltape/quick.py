"""A quick check for the emit path: a twin of each event struct, checked wholly inside msgspec.

The twin reads numbers as floats and accepts only what lies strictly inside the bounds. Rounding to a float
keeps order, so what the twin accepts the exact struct accepts too; at a bound, or for anything that the twin
refuses, the caller asks the exact struct. `tests/unit/test_contract.py` holds the two against each other.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from signaltape.events import LifecycleEvent, Side

_BOUNDS: dict[str, Meta] = {
    "confluence_score": Meta(gt=0.0, lt=1.0),
    "confidence": Meta(gt=0.0, lt=1.0),
    "rr": Meta(gt=0.0, lt=1e6),
    "rr_realized": Meta(gt=-1e6, lt=1e6),
    "rr_best": Meta(gt=-1e6, lt=1e6),
    "fees_r": Meta(gt=-1e6, lt=1e6),
    "entry": Meta(gt=0.0, lt=1e15),
    "sl": Meta(gt=0.0, lt=1e15),
    "tp": Meta(gt=0.0, lt=1e15),
    "entry_fill": Meta(gt=0.0, lt=1e15),
}


class _Primary(msgspec.Struct, gc=False):
    side: Side


class _OneSide(msgspec.Struct, gc=False):
    primary: _Primary


#: The usual way to give the side. Any other (in `side`, in both, in neither) is left to the exact struct.
_ONE_SIDE: dict[str, tuple[str, Any] | tuple[str, Any, Any]] = {
    "side": ("side", None, None),
    "scenarios": ("scenarios", _OneSide),
}


def quick_twin(kind: type[LifecycleEvent]) -> type[msgspec.Struct]:
    """The twin of an event struct: the same fields, numbers as bounded floats, the side in one place."""
    hints = get_type_hints(kind, include_extras=True)
    fields = [
        _ONE_SIDE.get(spec.name) or _field(spec, hints[spec.name]) for spec in msgspec.structs.fields(kind)
    ]
    return msgspec.defstruct(f"Quick{kind.__name__}", fields, kw_only=True, gc=False)


def _field(spec: Any, hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    quick = _as_float(spec.name, hint)
    return (spec.name, quick) if spec.required else (spec.name, quick, spec.default)


def _as_float(name: str, hint: Any) -> Any:
    if not _is_decimal(hint):
        return hint
    bounded = Annotated[float, _BOUNDS[name]]
    return bounded | None if type(None) in get_args(hint) else bounded


def _is_decimal(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return get_args(hint)[0] is Decimal
    return any(get_origin(choice) is Annotated and _is_decimal(choice) for choice in get_args(hint))
