"""What goes on the tape: the digits that were sent, no number where none came, one id for one candle."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from market.emitting import Emitting, candle_fields
from market.exchanges.base import Funding, OpenInterest
from market.judging import judged_funding, judged_interest, judged_row
from market.said import Candle, Moved, of_row
from market.steady import SteadyClock
from signaltape import Emitter, Settings
from signaltape.quality import OK, Verdict
from tests.unit.market.world import OKX, SOL, at, row

D = Decimal


def a_second(**changes: Any) -> Candle:
    prices = (D("1.10"), D("1.20"), D("1.05"), D("1.1000"), D("0.30"))
    plain = Candle(OKX, SOL, "1s", at(0), at(1), *prices, at(0.9), at(0.95), OK, D("1.09"), D("1.11"))
    return plain._replace(**changes)


def emitting(home: Path) -> Emitting:
    return Emitting(Emitter(Settings(feature_event_logging=True, home=home), strict=True, ship=False))


def test_the_digits_are_those_that_were_sent() -> None:
    data = msgspec.json.Encoder(decimal_format="number").encode(candle_fields(a_second()))
    for piece in (b'"close":1.1000', b'"open":1.10', b'"volume":0.30', b'"timestamp":"2022-01-17T02:30:01Z"'):
        assert piece in data


def test_each_spelling_has_its_own_record_and_the_same_candle_the_same_id(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    class Tape(Emitter):
        def market(self, kind: Any, event: Any = None, /, **fields: Any) -> bool:
            seen.append(fields)
            return super().market(kind, event, **fields)

    for _ in range(2):
        Emitting(Tape(Settings(feature_event_logging=True, home=tmp_path), strict=True, ship=False)).candle(
            a_second(), [SOL, "SOLUSDT"]
        )
    assert [one["symbol"] for one in seen] == [SOL, "SOLUSDT"] * 2
    assert len({one["id"] for one in seen}) == 2


def test_what_is_no_number_is_left_out_and_the_reason_stays(tmp_path: Path) -> None:
    to = emitting(tmp_path)
    funding = Funding(SOL, D("NaN"), None, at(0), at(0))
    to.funding(OKX, funding, judged_funding(funding, ()), [SOL])
    for value in (D("-5"), D("NaN"), D("1e30")):
        interest = OpenInterest(SOL, value, "SOL", at(0), at(0))
        to.interest(OKX, interest, judged_interest(interest, ()), [SOL])
    assert to.counts.emitted == {"funding": 1, "open_interest": 3}


def test_any_book_and_any_reasons_are_taken(tmp_path: Path) -> None:
    to = emitting(tmp_path)
    many = Verdict("bad", tuple(f"{number}" + "x" * 600 for number in range(20)))
    for bid in (None, D(0), D(-1), D("NaN"), D("1e15")):
        to.candle(a_second(bid=bid, verdict=many), [SOL])
    assert to.counts.emitted == {"1s": 5}


def test_a_price_that_the_contract_refuses_is_counted_and_nothing_else_happens(tmp_path: Path) -> None:
    to = Emitting(Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False))
    to.candle(a_second(low=D(0)), [SOL])
    assert (to.counts.emitted, to.counts.refused) == ({}, 1)


def test_a_candle_that_is_none_is_bad() -> None:
    broken = row(0)._replace(low=D(200))
    assert judged_row(broken, None, (), ()).data_quality == "bad"
    assert (
        of_row(OKX, broken, judged_row(broken, None, (), ()))
        .verdict.reasons[0]
        .startswith("no candle: 200 to 100")
    )


def test_a_change_of_providers_and_the_health_of_all_are_records(tmp_path: Path) -> None:
    to = emitting(tmp_path)
    to.moved(Moved(SOL, OKX, None, ("okx is silent",) * 100, at(0)))
    to.health({OKX: (True, "closed", "well"), "bybit": (False, "open", "x" * 600)}, at(0))
    assert to.counts.emitted == {"moved": 1, "health": 1}


def test_the_clock_never_goes_back_and_finds_the_time_again() -> None:
    wall, steady = [1_000.0], [0.0]
    clock = SteadyClock(lambda: round(wall[0] * 1e6), lambda: round(steady[0] * 1e6))
    seen: list[float] = []
    for _ in range(30):
        steady[0] += 1.0
        wall[0] += 1.0 if len(seen) != 10 else -7.0
        seen.append(clock() / 1e6)
    assert seen == sorted(seen)
    assert seen[9] == 1010.0
    assert seen[12] == 1011.5
    assert seen[-1] == wall[0]
