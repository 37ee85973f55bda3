"""Events as lines of COPY's text format: one function a table, written out from the contract. Pure, and hot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import groupby, pairwise
from typing import Any, NamedTuple, get_args

import msgspec

from consumer.accepted import Accepted
from consumer.decoding.compiling import compiled
from signaltape.contract.codec import Decoded
from signaltape.contract.declared import Declared, declared, plain_type
from signaltape.contract.events import EVENTS, SCHEMA_VERSION, LifecycleEvent
from signaltape.contract.layers import Layer, as_layer

NULL = r"\N"
_NULL_JSON = "null"
_ENCODER = msgspec.json.Encoder()


class Table(NamedTuple):
    """A detail table: its name, the columns that `line` fills, and how: from the event, and its time as text."""

    name: str
    columns: tuple[str, ...]
    line: Callable[[Decoded, str], str]


def text(value: str) -> str:
    """A text as a COPY field: backslash, tab, newline and return escaped."""
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if "\t" in value or "\n" in value or "\r" in value:
        value = value.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return value


#: So many optional fields are looked at together: if none was given, their cells are one constant. What was added to
#: the contract last stands last, and is given least.
_RUN = 9

#: What `text` escapes, less the newline.
_ESCAPED = b"\\\t\r"

#: The same for texts that come again and again: symbols, versions, stream keys.
short_text = lru_cache(maxsize=4096)(text)


def optional(value: Any) -> str:
    """A number or text that may be missing, as a COPY field."""
    if value is None:
        return NULL
    return text(value) if isinstance(value, str) else str(value)


def flag_or_text(value: bool | str) -> str:
    """What may be a text, or just true or false, as a COPY field."""
    return text(value) if isinstance(value, str) else str(value).lower()


def moment(ts: datetime) -> str:
    """An aware time as a COPY field."""
    # msgspec writes it ten times as fast as isoformat
    return _ENCODER.encode(ts)[1:-1].decode()


def texts(values: list[bytes]) -> list[str]:
    """Texts (UTF-8) as COPY fields, all at once: hardly ever does one of them need a second look."""
    together = b"\n".join(values)
    if any(byte in together for byte in _ESCAPED) or together.count(b"\n") != len(values) - 1:
        return [text(value.decode()) for value in values]
    return together.decode().split("\n")


def moments(times: list[datetime]) -> list[str]:
    """Aware times as COPY fields, all at once."""
    return _ENCODER.encode(times)[2:-2].decode().split('","') if times else []


def event_line(entry: Accepted, ts: str) -> str:
    """The line of `signal_events`, without its newline. ts: the event's time as text."""
    decoded = entry.decoded
    return (
        f"{decoded.event_id}\t{decoded.signal_id}\t{entry.name}\t{SCHEMA_VERSION}"
        f"\t{short_text(decoded.event.symbol)}\t{text(entry.payload.decode())}"
        f"\t{ts}\t{short_text(entry.stream)}\t{entry.entry_id}"
    )


EVENT_COLUMNS = (
    "event_id",
    "signal_id",
    "event",
    "schema_version",
    "symbol",
    "payload",
    "ts",
    "stream",
    "entry_id",
)


LAYER_TABLE = "signal_layers"
LAYER_COLUMNS = ("signal_id", "layer", "matched", "weight", "value")


def layer_lines(decoded: Decoded) -> list[str]:
    """The lines of `signal_layers`: one for each layer that a published signal names."""
    layers = getattr(decoded.event, "layers", None)
    if not layers:
        return []
    return [_layer(decoded.signal_id, name, as_layer(says)) for name, says in layers.items()]


def _layer(signal_id: str, name: str, layer: Layer) -> str:
    sent = _NULL_JSON if layer.value is None else str(layer.value, "utf-8")
    value = NULL if sent == _NULL_JSON else text(sent)
    return f"{signal_id}\t{text(name)}\t{layer.matched}\t{optional(layer.weight)}\t{value}"


def _table(kind: type[LifecycleEvent]) -> Table:
    """The detail table of an event, as its fields declare it."""
    stored = [field for field in declared(kind) if field.column is not None]
    body, parts = ["event = decoded.event"], []
    for run in _runs(kind, stored):
        part = "\\t".join(f"{{{_cell(kind, field)}}}" for field in run)
        if _may_be_absent(kind, run[0]):
            name, nothing = f"from_{run[0].name}", "\t".join([NULL] * len(run))
            absent = " and ".join(f"event.{field.name} is None" for field in run)
            body.append(f'{name} = {nothing!r} if {absent} else f"{part}"')
            part = f"{{{name}}}"
        parts.append(part)
    line = "\\t".join(parts)
    known = {"NULL": NULL, "text": text, "short_text": short_text, "flag_or_text": flag_or_text}
    made = compiled("line", ("decoded", "ts"), [*body, f'return f"{line}"'], **known)
    return Table(kind.TABLE, tuple(field.column for field in stored if field.column), made)


def _runs(kind: type[LifecycleEvent], stored: Iterable[Declared]) -> Iterator[Sequence[Declared]]:
    """Neighbours that are always there; and of optional ones _RUN at most, counted from the last one."""
    for are_optional, neighbours in groupby(stored, partial(_may_be_absent, kind)):
        run = list(neighbours)
        size = _RUN if are_optional else len(run)
        cuts = [0, *range(len(run) % size or size, len(run), size), len(run)]
        yield from (run[start:stop] for start, stop in pairwise(cuts))


def _may_be_absent(kind: type[LifecycleEvent], field: Declared) -> bool:
    """Whether a field's cell is NULL when it was not given."""
    return not field.required and field.name != kind.TIME_FIELD and field.source == field.name


def _cell(kind: type[LifecycleEvent], field: Declared) -> str:
    """What a field's cell holds, as an expression."""
    if field.name == "signal_id":
        return "decoded.signal_id"
    if field.name == kind.TIME_FIELD:
        return "ts"
    value = f"event.{field.source}"
    plain = plain_type(field.type)
    is_text = plain is str
    if not _may_be_absent(kind, field):
        return f"short_text({value})" if field.required and is_text else value
    written = f"text({value})" if is_text else f"flag_or_text({value})" if bool in get_args(plain) else value
    return f"NULL if {value} is None else {written}"


#: The detail table of each event.
DETAIL = {name: _table(kind) for name, kind in EVENTS.items()}


def block(lines: Iterable[str]) -> bytes:
    """Lines as one piece of COPY data."""
    return ("\n".join(lines) + "\n").encode()
