"""Whatever stands on a tape: what the worker accepts ends no ghost, and all that comes of it can be told and stored."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.entry import Entry
from ghost.done import Done
from ghost.ghosts import Ghosts
from ghost.incoming import read
from ghost.model.book import Book
from ghost.model.rules import Rules
from ghost.past import Bars
from ghost.recent import Recent
from ghost.settings import GhostSettings, Which
from signaltape import Settings
from signaltape.contract.codec import encode
from tests.attack.effort import TIMES
from tests.support.samples import new_id

pytestmark = pytest.mark.deep

SYMBOLS = ("SOL", "\N{SNOWMAN}", "x" * 128)
#: Longer than any market writes, and at the ends of what the contract takes.
NUMBERS = (
    *("100", "99.5", "101", "98", "104", "100.000000000000000000000000001", "1e-300", "1E-20", "5e-324"),
    *(
        "999999999999999",
        "999999999999999.9",
        "0.1",
        "1e14",
        "0",
        "-1",
        "1e15",
        "1e400",
        '"1"',
        "null",
        "true",
    ),
)
MOMENTS = (
    0,
    1,
    1_768_615_200_000,
    1_768_615_260_000.5,
    7_258_000_000_000,
    "2026-01-17",
    "1970-01-01T00:00:00Z",
    "x",
    -1,
    1e300,
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00",
)
RULES = (
    Rules(),
    Rules(touch=True, break_even=True, trail_r=Decimal("0.5"), funding=True, limit_volume=True),
    Rules(
        taker_bps=Decimal(999), maker_bps=Decimal(999), slippage_bps=Decimal(999), tp1_fraction=Decimal("0.3")
    ),
)

numbers = st.sampled_from(NUMBERS).map(lambda text: msgspec.Raw(text.encode()))
plain = st.sampled_from(("95", "98", "100", "101", "104", "110")).map(lambda text: msgspec.Raw(text.encode()))
prices = st.one_of(plain, plain, numbers)
moments = st.sampled_from(MOMENTS)
texts = st.sampled_from(("", "a", "\N{SNOWMAN}" * 512, "a'b\"c\\", "\x00", "\u202e<b>"))
ids = st.sampled_from(("o-1", "o-2", "\N{SNOWMAN}" * 512, ""))


T0 = 1_768_615_200_000
WHO = {"by": "ani", "via": "telegram", "timestamp": T0}
PLACE = {
    **WHO,
    "command": "place",
    "orderId": "o-1",
    "symbol": "SOL",
    "side": "long",
    "entry": 100,
    "sl": 98,
    "tp1": 104,
}
LINE = {**WHO, "command": "set_line", "lineId": "o-1", "symbol": "SOL", "price": 101, "direction": "above"}
CANDLE = {"symbol": "SOL", "interval": "1m", "open": 100, "high": 110, "low": 95, "close": 101, "volume": 5}
PLAN = {
    "signal_id": new_id(),
    "symbol": "SOL",
    "side": "long",
    "confluence_score": 0.5,
    "rr": 2,
    "expiry_minutes": 30,
    "rules_version": "x",
    "ts_published": T0,
    "entry": 100,
    "sl": 98,
    "tp": 104,
    "track": True,
}
FUNDING = {"symbol": "SOL", "rate": 0.0001, "nextFundingAt": T0 + 60_000}


def some(base: dict[str, Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What is in order, but for a few of these."""
    kept = st.sampled_from(sorted(fields))
    return st.tuples(st.fixed_dictionaries(fields), st.sets(kept, max_size=3)).map(
        lambda drawn: base | {name: drawn[0][name] for name in drawn[1]}
    )


def entries() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    symbols, sides = st.sampled_from(SYMBOLS), st.sampled_from(("long", "short"))
    asked = {
        **dict.fromkeys(("entry", "entryLow", "entryHigh", "sl", "tp1", "tp2", "price", "riskUsd"), prices),
        **dict.fromkeys(("publishedAt", "expiresAt", "timestamp"), moments),
        **dict.fromkeys(("by", "label", "chatId", "refId"), texts),
        "orderId": ids,
        "lineId": ids,
        "symbol": symbols,
        "side": sides,
        "userId": st.integers(-1, 2**63),
        "command": st.sampled_from(("place", "cancel", "set_line", "cancel_line", "nonsense")),
        "entryType": st.sampled_from(("limit", "stop", "market")),
    }
    bars = {
        **dict.fromkeys(("open", "high", "low", "close", "volume"), prices),
        "symbol": symbols,
        "interval": st.sampled_from(("1s", "99999w", "1M")),
    }
    times = {"timestamp": st.integers(0, 40).map(lambda minute: T0 + minute * 60_000)}
    plans = {
        **dict.fromkeys(("entry", "entry_low", "entry_high", "sl", "tp", "tp2"), prices),
        "signal_id": st.uuids().map(str),
        "symbol": symbols,
        "side": sides,
        "ts_published": moments,
        "ref_id": texts,
        "track": st.sampled_from((False, "", "yes")),
        "expiry_minutes": st.sampled_from((1, 2**31 - 1)),
    }
    named = {
        "order_command": st.one_of(some(PLACE, **asked), some(LINE, **asked)),
        "market_candle": st.tuples(some(CANDLE, **bars), st.fixed_dictionaries(times)).map(
            lambda two: two[1] | two[0]
        ),
        "signal_published": some(PLAN, **plans),
        "market_funding": some(FUNDING, symbol=symbols, rate=numbers, nextFundingAt=moments),
    }
    return st.one_of(*(st.tuples(st.just(name), fields) for name, fields in named.items()))


@pytest.mark.parametrize("which", ["all", "off"])
@settings(max_examples=75 * TIMES, suppress_health_check=[HealthCheck.too_slow])
@given(tape=st.lists(entries(), min_size=1, max_size=25), rules=st.sampled_from(RULES))
def test_nothing_on_a_tape_ends_a_ghost(which: Which, tape: list[Any], rules: Rules) -> None:
    chosen = GhostSettings(common=Settings(), which=which, rules=rules)
    ghosts = Ghosts(chosen, Book(rules), Recent(), held={}, lines={})
    for number, (name, fields) in enumerate(tape):
        data = msgspec.json.encode(fields)
        entry = Entry("tape:{0}", f"1768615300000-{number}", [b"event", name.encode(), b"data", data])
        done = ghosts.take(read([entry]).items, set(), lambda *_: Bars())
        can_be_told_and_stored(done)


def can_be_told_and_stored(done: Done) -> None:
    for said in done.said:
        encode(said.fields)
    rows = [*done.new_orders.values(), *done.orders.values(), *done.fills, *done.new_lines.values()]
    for row in rows:
        for value in row.values():
            assert not isinstance(value, Decimal) or value.is_finite()
            assert not isinstance(value, str) or "\x00" not in value
