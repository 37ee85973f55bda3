"""A day's seal: what its digest is taken of, and how one is known by what a report says of it. Pure.

The digest is the SHA-256 of nine lines, so that anybody can compute it again:

    signaltape seal 1
    day 2022-01-17
    rows 4711
    late 0
    rows-digest <SHA-256 of the digests of all rows, in order>
    names-digest <SHA-256 of the names of all rows>
    purges 0
    purges-digest <SHA-256 of the tombstones since the seal before>
    before <digest of the seal before; 64 zeros in the first>
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec

from signaltape.clock import WIB
from signaltape.errors import InvalidRequest

#: Before the first seal.
NO_DIGEST = bytes(32)
#: Before the first tombstone, by its id: whoever writes one by hand may give it any.
BEFORE_ALL = -(2**63)
#: What stands in a message: to make a chain that ends so takes some 2**64 attempts.
SHORT = 16
_LEAST = 12
_GIVEN = re.compile(rf"[0-9a-f]{{{_LEAST},64}}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder()


class Content(NamedTuple):
    """What a seal is taken of, besides the one before it."""

    day: date
    n: int
    late: int
    rows_digest: bytes
    names_digest: bytes
    purges: int
    purges_digest: bytes


class Seal(NamedTuple):
    """A seal as it is stored."""

    content: Content
    #: the id of the last tombstone that it holds
    purged_through: int
    prev_digest: bytes
    digest: bytes
    #: what the counters said beyond the rows that are there; no part of the digest
    unaccounted: int

    @property
    def day(self) -> date:
        """Its day, WIB."""
        return self.content.day


class Purge(NamedTuple):
    """A tombstone: an event that was purged. Times are in microseconds since 1970."""

    id: int
    signal_id: str
    event: str
    digest: bytes
    received_us: int
    purged_us: int


class Sealed(NamedTuple):
    """Up to where the record is sealed, for a report: a day (WIB), and its digest in 64 hexadecimal digits."""

    through: date
    digest: str

    @property
    def short(self) -> str:
        """As it stands in a message."""
        return self.digest[:SHORT]


def digest_of(content: Content, before: bytes) -> bytes:
    """The digest of a seal. before: that of the seal before."""
    lines = (
        "signaltape seal 1",
        f"day {content.day}",
        f"rows {content.n}",
        f"late {content.late}",
        f"rows-digest {content.rows_digest.hex()}",
        f"names-digest {content.names_digest.hex()}",
        f"purges {content.purges}",
        f"purges-digest {content.purges_digest.hex()}",
        f"before {before.hex()}",
    )
    return sha256("".join(f"{line}\n" for line in lines).encode()).digest()


def digest_of_purges(found: Iterable[Purge]) -> bytes:
    """The digest of tombstones, in order of their ids: of a line of JSON for each."""
    digest = sha256()
    for one in found:
        digest.update(_ENCODER.encode(one._replace(digest=one.digest.hex())) + b"\n")  # type: ignore[arg-type]
    return digest.digest()


def given_digest(text: str) -> str:
    """A digest, or its beginning, as a person copies it: blanks and capitals do not matter. Raises InvalidRequest."""
    digits = "".join(text.split()).lower()
    if not _GIVEN.fullmatch(digits):
        raise InvalidRequest(
            f"--expect: a digest is {_LEAST} to 64 hexadecimal digits, as in a report; got {text!r}"
        )
    return digits


def begin_of(day: date) -> datetime:
    """The first moment of a day, WIB."""
    return datetime.combine(day, time.min, WIB)


def in_us(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
