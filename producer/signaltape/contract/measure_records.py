"""The record of what an engine measured of itself: how often, how much, how it was spread, in a span of seconds.

`signaltape.measuring` writes it and reads its histogram; guard, metrics and boards are made of it.
"""

# Annotations are no texts here: each would be compiled at import, twice.
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from signaltape.contract.events import Text
from signaltape.contract.record_base import Group, Moment, Name, Number, Record

#: No process counts so far in a span; whoever adds up millions of such counts stays within 64 bits.
_MOST = 10**12
#: How answers are counted: 4xx without 429, 2xx with what is below 200.
Statuses = Annotated[
    dict[
        Literal["2xx", "3xx", "4xx", "429", "5xx"],
        Annotated[int, Meta(ge=0, le=_MOST, description="must be a whole number, 0 to 10^12")],
    ],
    Meta(description="must be counts by 2xx, 3xx, 4xx, 429, 5xx"),
]
#: Which requests were meant.
Examples = Annotated[
    list[Text], Meta(max_length=3, description="must be a list of at most 3 texts of 512 characters")
]


class Measurement(Record, kw_only=True, frozen=True, rename="camel"):
    """A figure as it was measured from `since` to `timestamp`, in one process.

    kind: "http", "ws", "freshness", "screener", or an own word; name: of what of that kind (an endpoint's pattern, a
    channel, a symbol); figure: "latency_ms", "rtt_ms", "age_ms", "ttl_s", …, in the unit `unit`.
    histogram: see `signaltape.measuring.histogram`; statuses: of http alone; examples: request ids, of 5xx first.
    """

    EVENT: ClassVar[str] = "measurement"
    GROUP: ClassVar[Group] = Group.MEASURES

    kind: Name
    name: Text
    figure: Name
    unit: Name
    since: Moment
    count: Annotated[int, Meta(ge=1, le=_MOST, description="must be a whole number, 1 to 10^12")]
    sum: Annotated[float, Meta(ge=-1e33, le=1e33, description="must be a number")]
    min: Number
    max: Number
    last: Number
    histogram: (
        Annotated[
            str,
            Meta(
                pattern=r"^1:[A-Za-z0-9._-]*$",
                max_length=2000,
                description="must be a histogram's text of at most 2000 characters",
            ),
        ]
        | None
    ) = None
    statuses: Statuses | None = None
    examples: Examples | None = None
    engine: Text | None = None
