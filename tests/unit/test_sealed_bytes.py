"""The bytes of a sealed row, the names, and the digest of a seal: what anybody could write again by hand."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.errors import InvalidRequest
from sink.sealing.names import MOST_NAMES, NAME_BYTES, Chunk, Name, chunks
from sink.sealing.rows import Columns, Row, key_of, number, row_of, written
from sink.sealing.seals import (
    NO_DIGEST,
    Content,
    Purge,
    Sealed,
    begin_of,
    digest_of,
    digest_of_purges,
    given_digest,
    in_us,
)

SIGNAL = "0b0e0f10-0000-4000-8000-000000000001"


def columns(payload: str = "{}", **changes: Any) -> Columns:
    """A row as the query gives it."""
    of = {
        "event_id": "0b0e0f10-0000-5000-8000-000000000002",
        "signal_id": SIGNAL,
        "event": "signal_closed",
        "schema_version": 1,
        "symbol": "SOL-USDT-SWAP",
        "payload": payload,
        "ts": 1_642_395_600_000_001,
        "stream": "signaltape:{0}",
        "entry_id": "1642395600000-0",
        "received_at": 1_642_395_601_000_000,
        **changes,
    }
    return tuple(of.values())


def test_a_row_is_an_array_of_its_columns() -> None:
    payload = '{"rr": 1.50, "b": [true, null], "symbol": "é\\u0001\\"", "n": 100}'
    assert written(columns(payload)).decode() == (
        '["0b0e0f10-0000-5000-8000-000000000002","0b0e0f10-0000-4000-8000-000000000001","signal_closed",1,'
        '"SOL-USDT-SWAP",{"b":[true,null],"n":100,"rr":1.5,"symbol":"é\\u0001\\""},1642395600000001,'
        '"signaltape:{0}","1642395600000-0",1642395601000000]'
    )


def test_its_digest_is_of_these_bytes_alone() -> None:
    """Held: with another one, records that were sealed before would not fit any more."""
    row = row_of(columns('{"rr": 1.50}'))
    assert row.digest == sha256(written(columns('{"rr":1.5}'))).digest()
    assert row.digest.hex() == "6e6c7c0ec5d29334afe4a9ba1466b55c18323ae4c370a6caa9ba9f24aa83777a"
    assert row.key == (bytes.fromhex("0b0e0f10000040008000000000000001"), "signal_closed")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}'),
        ('{"a": 1.10}', '{"a":1.1}'),
        ('{"a": 15e-1}', '{"a":1.5}'),
        ('{"a": -0.0}', '{"a":0}'),
        ('{"a": 1e2}', '{"a":100.00}'),
        ('{"a": "\\u00e9\\/"}', '{"a":"é/"}'),
    ],
)
def test_how_json_is_written_does_not_matter(one: str, other: str) -> None:
    assert written(columns(one)) == written(columns(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 0.1}', '{"a": 0.10000000000000000001}'),
        ('{"a": 9007199254740993}', '{"a": 9007199254740992}'),
        (f'{{"a": 1{"0" * 5000}}}', f'{{"a": 1{"0" * 4999}1}}'),
        ('{"a": 1}', '{"a": "1"}'),
        ('{"a": null}', "{}"),
        ('{"a": [1, 2]}', '{"a": [2, 1]}'),
    ],
)
def test_what_is_not_the_same_is_never_the_same_bytes(one: str, other: str) -> None:
    assert written(columns(one)) != written(columns(other))


def test_what_is_nested_beyond_reason_has_a_digest_too() -> None:
    deep = f'{{"a": {"[" * 100_000}{"]" * 100_000}}}'
    assert row_of(columns(deep)).digest != row_of(columns(deep.replace("a", "b"))).digest


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=5)
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_the_fast_way_writes_what_the_plain_one_does(payload: dict[str, Any]) -> None:
    """A second writing of it, from its description: without msgspec."""
    as_stored = _plain(payload, str)
    try:
        as_stored.encode()
    except UnicodeEncodeError:  # half a sign: no database holds it
        return
    of = columns(as_stored)
    rest = [json.dumps(one, ensure_ascii=False) for one in of]
    rest[5] = _plain(payload, lambda value: number(str(value)))
    assert written(of).decode() == f"[{','.join(rest)}]"


def _plain(value: Any, say: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode(errors="surrogatepass"))
        return "{" + ",".join(f"{_text(name)}:{_plain(value[name], say)}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_plain(one, say) for one in value) + "]"
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(say(value))
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40))
def test_a_number_has_one_form_and_keeps_its_value(value: Decimal) -> None:
    said = number(str(value))
    assert Decimal(said) == value
    assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", said)
    assert said != "-0"


def rows(n: int, kinds: int = 3) -> list[Row]:
    return [
        Row((place.to_bytes(16, "big"), f"e{place % kinds}"), sha256(str(place).encode()).digest(), place)
        for place in range(n)
    ]


@pytest.mark.parametrize("n", [0, 1, MOST_NAMES, MOST_NAMES + 1])
@pytest.mark.parametrize("kinds", [1, 300])
def test_names_come_back_as_they_were_kept(n: int, kinds: int) -> None:
    given_rows = rows(n, kinds)
    kept = list(chunks(given_rows, late=False))
    assert [name for chunk in kept for name in chunk.each()] == [
        Name(row.key, row.digest[:11]) for row in given_rows
    ]
    assert all(len(chunk.names) <= MOST_NAMES * NAME_BYTES for chunk in kept)
    assert NAME_BYTES <= 32


def test_a_list_that_was_tampered_with_is_read_all_the_same() -> None:
    (chunk,) = chunks(rows(1), late=False)
    (name,) = Chunk(*chunk[:3], [], chunk.names).each()
    assert name.key[1] == "?"


CONTENT = Content(date(2022, 1, 17), 4711, 0, b"r" * 32, b"n" * 32, 0, b"p" * 32)


def test_the_digest_of_a_seal_is_of_nine_lines() -> None:
    lines = (
        "signaltape seal 1\nday 2022-01-17\nrows 4711\nlate 0\n"
        f"rows-digest {'72' * 32}\nnames-digest {'6e' * 32}\npurges 0\npurges-digest {'70' * 32}\n"
        f"before {'0' * 64}\n"
    )
    assert digest_of(CONTENT, NO_DIGEST) == sha256(lines.encode()).digest()


def test_every_line_of_it_counts() -> None:
    changed = [
        CONTENT._replace(day=date(2022, 1, 18)),
        CONTENT._replace(n=4712),
        CONTENT._replace(late=1),
        CONTENT._replace(rows_digest=b"x" * 32),
        CONTENT._replace(names_digest=b"x" * 32),
        CONTENT._replace(purges=1),
        CONTENT._replace(purges_digest=b"x" * 32),
    ]
    digests = {digest_of(one, NO_DIGEST) for one in (CONTENT, *changed)} | {digest_of(CONTENT, b"x" * 32)}
    assert len(digests) == len(changed) + 2


def test_every_field_of_a_tombstone_counts() -> None:
    one = Purge(1, SIGNAL, "signal_closed", b"d" * 32, 2, 3)
    changed = [
        one._replace(id=2),
        one._replace(signal_id="x"),
        one._replace(event="x"),
        one._replace(digest=b"x" * 32),
        one._replace(received_us=9),
        one._replace(purged_us=9),
    ]
    assert len({digest_of_purges(some) for some in ([one], [], *([other] for other in changed))}) == 8


def test_a_day_begins_at_midnight_in_jakarta() -> None:
    assert in_us(begin_of(date(2022, 1, 17))) == 1_642_352_400_000_000


def test_a_message_says_the_first_sixteen_digits() -> None:
    assert Sealed(date(2022, 1, 17), "0123456789abcdef" * 4).short == "0123456789abcdef"


@pytest.mark.parametrize("text", ["", "3f2a", "x" * 16, "a" * 65, "3f2a9c1b77e0 4d5Z"])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        given_digest(text)


def test_a_key_is_the_bytes_of_its_id() -> None:
    assert key_of(SIGNAL, "x")[0].hex() == SIGNAL.replace("-", "")
