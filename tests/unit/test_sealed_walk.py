"""One walk along a day, beside rows in any state: it misses nothing, and names the right row."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from sink.sealing.names import MARK_BYTES, Name
from sink.sealing.rows import Key, Row
from sink.sealing.walking import MOST_WRONG, Fate, Found, Walk

_DAY = (0, 1000)


def row(number: int, version: int = 0, at: int | None = None) -> Row:
    key = (number.to_bytes(16, "big"), "e")
    content = f"{number}:{version}:{at}".encode()
    return Row(key, sha256(content).digest(), number * 10 if at is None else at)


def names(rows: list[Row]) -> list[Name]:
    return [Name(one.key, one.digest[:MARK_BYTES]) for one in rows]


class Stored:
    """Rows that are there now, and what was purged."""

    def __init__(self, rows: list[Row], purged: list[Row] | None = None) -> None:
        self.rows = sorted(rows, key=lambda one: (one.received_us, one.key))
        self.purged = purged or []
        self.asked = 0

    def look_up(self, key: Key) -> Found:
        self.asked += 1
        there = next((one for one in self.rows if one.key == key), None)
        return Found(there, [one.digest for one in self.purged if one.key == key])

    def walked(self, sealed: list[Row], elsewhere: dict[Key, bytes] | None = None) -> Walk:
        walk = Walk(self.look_up, _DAY, elsewhere or {})
        walk.along(names(sealed), iter([one for one in self.rows if 0 <= one.received_us < 1000]))
        return walk


def digest(rows: list[Row]) -> bytes:
    return sha256(b"".join(one.digest for one in rows)).digest()


SEALED = [row(number) for number in range(10)]


def test_where_all_agrees_nothing_is_looked_up() -> None:
    stored = Stored(SEALED)
    walk = stored.walked(SEALED)
    assert (walk.wrong, walk.extras, walk.seen, stored.asked) == ([], 0, 10, 0)
    assert walk.digest.digest() == digest(SEALED)


def test_a_purged_row_is_counted_and_its_digest_taken() -> None:
    walk = Stored(SEALED[:3] + SEALED[4:], purged=[SEALED[3]]).walked(SEALED)
    assert (walk.wrong, walk.purged) == ([], 1)
    assert walk.digest.digest() == digest(SEALED)


def test_a_tombstone_of_another_content_explains_nothing() -> None:
    walk = Stored(SEALED[:3] + SEALED[4:], purged=[row(3, 1)]).walked(SEALED)
    assert [one.fate for one in walk.wrong] == [Fate.DELETED]


def test_a_row_of_a_later_seal_is_no_extra() -> None:
    late = row(77, at=35)
    assert Stored([*SEALED, late]).walked(SEALED).extra == [late.key]
    assert Stored([*SEALED, late]).walked(SEALED, {late.key: late.digest[:MARK_BYTES]}).extras == 0


def test_names_in_another_order_are_no_names_of_the_day() -> None:
    walk = Walk(Stored(SEALED).look_up, _DAY, {})
    walk.along(names(SEALED[::-1]), iter(SEALED))
    assert walk.wrong[-1].fate is Fate.OUT_OF_ORDER


def test_a_day_in_which_all_is_wrong_is_not_walked_to_its_end() -> None:
    sealed = [row(number, at=number) for number in range(MOST_WRONG * 2)]
    stored = Stored([row(number, 1, at=number) for number in range(MOST_WRONG * 2)])
    walk = stored.walked(sealed)
    assert walk.given_up
    assert stored.asked == MOST_WRONG


def test_extras_are_counted_and_not_all_kept() -> None:
    walk = Walk(Stored(SEALED).look_up, _DAY, {}, most_extra=3)
    walk.along([], iter(SEALED))
    assert (len(walk.extra), walk.extras) == (3, 10)


CHANGES = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["change", "delete", "move", "shift", "insert", "purge"])),
    max_size=4,
    unique_by=lambda one: one[0],
)


@given(CHANGES)
def test_whatever_was_done_is_found_and_nothing_else(changes: list[tuple[int, str]]) -> None:
    done = dict(changes)
    rows, purged, inserted = [], [], []
    fates = {}
    for one, number in zip(SEALED, range(10), strict=True):
        what = done.get(number)
        if what == "purge":
            purged.append(one)
        elif what == "change":
            rows.append(row(number, 1))
            fates[one.key] = Fate.CHANGED
        elif what == "shift":
            rows.append(row(number, at=95))
            fates[one.key] = Fate.CHANGED
        elif what == "move":
            rows.append(row(number, at=5000))
            fates[one.key] = Fate.MOVED
        elif what == "delete":
            fates[one.key] = Fate.DELETED
        else:
            rows.append(one)
        if what == "insert":
            inserted.append(row(100 + number, at=number * 10 + 5))
    walk = Stored(rows + inserted, purged).walked(SEALED)
    assert {one.key: one.fate for one in walk.wrong} == fates
    assert walk.extra == [one.key for one in inserted]
    assert walk.purged == len(purged)
    if not fates:
        assert walk.digest.digest() == digest(SEALED)


def test_late_rows_are_held_against_their_names_by_key() -> None:
    walk = Walk(Stored(SEALED[:8], purged=[SEALED[9]]).look_up, _DAY, {})
    walk.late(names(SEALED), SEALED[:8])
    assert [(one.key, one.fate) for one in walk.wrong] == [(SEALED[8].key, Fate.DELETED)]
    assert (walk.seen, walk.purged) == (8, 1)
