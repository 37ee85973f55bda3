"""What the confluence layers of a signal said."""

# Annotations are no texts here: each would be compiled at import, twice.
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from signaltape.contract.limits import check_digits
from signaltape.errors import InvalidEvent

#: What a layer's value is when none was given. It cannot be declared: beside Raw a union has no meaning.
_ABSENT: Any = None


class Layer(Struct, kw_only=True, frozen=True):
    """What one confluence layer said, and its weight in the score. `value` is the JSON as it was sent."""

    match: Annotated[
        bool | Literal["match", "not_match"], Meta(description="must be true, false, match or not_match")
    ]
    weight: Annotated[Decimal, Meta(description="must be a number")] | None = None
    value: Raw = _ABSENT

    def __post_init__(self) -> None:
        if self.weight is not None:
            if not self.weight.is_finite():
                raise InvalidEvent(f"weight must be a number, got {self.weight}")
            check_digits("weight", self.weight)

    @property
    def matched(self) -> bool:
        """Whether the layer spoke for the signal."""
        return self.match is True or self.match == "match"


LayerSays = Annotated[
    bool | Literal["match", "not_match"] | Layer,
    Meta(description="must be true, false, match, not_match, or an object with one of these as match"),
]
#: A layer is found by its name: Postgres takes no index entry of more than 2,704 bytes.
LayerName = Annotated[str, Meta(max_length=512, description="must be texts of at most 512 characters")]


def as_layer(says: bool | str | Layer) -> Layer:
    """What a layer said, in its long form."""
    return says if isinstance(says, Layer) else Layer(match=says)  # type: ignore[arg-type]
