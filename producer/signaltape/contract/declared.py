"""What the structs of the contract declare of each field, once: its rule, its bounds, its column in Postgres.

From these declarations follow the exact checks (`events`), the engine's fast path (`quick`), and in the sink the fast
decoder, the columns of COPY and the merging of duplicates. A declaration is msgspec's own: `Annotated[type, Meta(…)]`,
with what is not msgspec's business under `extra`.
"""

# Annotations are no texts here: each would be compiled at import.
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct
from msgspec.structs import fields as struct_fields


class Bounds(NamedTuple):
    """Between what a number lies. closed: the bounds themselves are allowed."""

    low: Decimal
    high: Decimal
    closed: bool

    def hold(self, value: Decimal) -> bool:
        """Whether a number lies within. Raises ArithmeticError for one that is none."""
        if self.closed:
            return self.low <= value <= self.high
        return self.low < value < self.high


class Declared(NamedTuple):
    """One field: its name, its type without None, and what was declared of it."""

    name: str
    type: Any
    required: bool
    default: Any
    rule: str
    bounds: Bounds | None
    #: in the event's detail table; None: none of its own
    column: str | None
    #: the attribute that has what is stored
    source: str

    @property
    def is_number(self) -> bool:
        """A Decimal: of any digits, stored as it was written."""
        return plain_type(self.type) is Decimal

    @property
    def whole(self) -> Any:
        """The type of the int that a whole number is, however it was written; None for other fields."""
        choices = get_args(plain_type(self.type))
        return choices[0] if choices and choices[-1] is Decimal else None

    @property
    def choices(self) -> tuple[str, ...] | None:
        """The values of an enumeration; None for other fields."""
        plain = plain_type(self.type)
        return tuple(one.value for one in plain) if _is_enumeration(plain) else None

    @property
    def is_moment(self) -> bool:
        """A time, in any of the forms that are allowed."""
        return datetime in get_args(plain_type(self.type))


def number(
    rule: str, low: int | Decimal, high: int | Decimal, *, closed: bool = False, **schema: int
) -> Meta:
    """Declare a Decimal. rule: what it must be, in words; schema: the bounds that its JSON Schema names."""
    bounds = Bounds(Decimal(low), Decimal(high), closed)
    return Meta(description=f"must be {rule}", extra={"bounds": bounds}, extra_json_schema=dict(schema))


def whole(rule: str, low: int, high: int) -> Meta:
    """Declare an int that may be written with a point, an exponent, or as text."""
    return Meta(
        description=f"must be a whole number of {rule}",
        extra={"bounds": Bounds(Decimal(low), Decimal(high), closed=True)},
    )


def stored(column: str | None, *, source: str | None = None) -> Meta:
    """Declare another column than the one of the field's name, or none. source: the attribute that has the value."""
    return Meta(extra={"column": column, **({"source": source} if source else {})})


def plain_type(hint: Any) -> Any:
    """A type without what `Annotated` says of it."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


@cache
def declared(kind: type[Struct]) -> tuple[Declared, ...]:
    """All fields of a struct, in its order."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_declared(spec, hints[spec.name]) for spec in struct_fields(kind))


def _declared(spec: Any, hint: Any) -> Declared:
    said = list(_metas(hint))
    extra = {key: value for meta in said for key, value in (meta.extra or {}).items()}
    rules = [meta.description for meta in said if meta.description]
    return Declared(
        name=spec.name,
        type=_without_none(hint),
        required=spec.required,
        default=spec.default,
        rule=(rules or [""])[-1],
        bounds=extra.get("bounds"),
        column=extra.get("column", spec.name),
        source=extra.get("source", spec.name),
    )


def _without_none(hint: Any) -> Any:
    """`T` of `T | None`; any other type as it is."""
    choices = get_args(hint)
    if type(None) not in choices or get_origin(hint) is Annotated:
        return hint
    (only, *more) = [choice for choice in choices if choice is not type(None)]
    for choice in more:
        only |= choice
    return only


def _metas(hint: Any) -> Iterator[Meta]:
    if get_origin(hint) is Annotated:
        yield from (meta for meta in get_args(hint)[1:] if isinstance(meta, Meta))
        return
    choices = get_args(hint)
    if type(None) in choices:
        for choice in choices:
            yield from _metas(choice)


def _is_enumeration(plain: Any) -> bool:
    return isinstance(plain, type) and issubclass(plain, Enum)
