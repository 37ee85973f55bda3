"""Market data judged: each rule by a table, and what holds whatever is seen."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape import Emitter, Settings
from signaltape.quality import MOST_REASONS, OK, Limits, Quality, Seen, judge, verdict_of
from tests.support.samples import published

NAN = Decimal("NaN")
D = Decimal


@dataclass
class Case:
    seen: Seen
    quality: Quality
    why: str = ""


CASES = [
    Case(Seen(), "ok"),
    Case(Seen(price=221.4, bid=221.3, ask=221.5, has_book=True, funding_rate=-0.0003, age_s=5.0), "ok"),
    Case(Seen(price=D("-1")), "bad", "price -1 is no price"),
    Case(Seen(price=0), "bad", "price 0 is no price"),
    Case(Seen(price=float("nan")), "bad", "price nan is no price"),
    Case(Seen(price=D("1e-400")), "bad", "price 1e-400 is no price"),
    Case(Seen(open_interest=0), "ok"),
    Case(Seen(open_interest=D("-5")), "bad", "open interest -5 is below 0"),
    Case(Seen(open_interest=NAN), "bad", "open interest NaN is no number"),
    Case(Seen(funding_rate=0.05), "ok"),
    Case(Seen(funding_rate=NAN), "bad", "funding rate NaN is no number"),
    Case(Seen(funding_rate=D("sNaN")), "bad", "funding rate sNaN is no number"),
    Case(Seen(funding_rate=D("0.051")), "bad", "funding rate 0.051 is beyond 0.05"),
    Case(Seen(funding_rate=-1.0), "bad", "funding rate -1 is beyond 0.05"),
    Case(Seen(spread=0), "ok"),
    Case(Seen(spread=-0.1), "bad", "spread -0.1 is below 0"),
    Case(Seen(spread=float("inf")), "bad", "spread inf is no number"),
    Case(Seen(bid=101, ask=D("100.5")), "bad", "crossed book: bid 101 above ask 100.5"),
    Case(Seen(bid=100, ask=100.0), "degraded", "locked book: bid and ask 100"),
    Case(Seen(has_book=True, bid=100), "bad", "the book has no ask"),
    Case(Seen(has_book=True, ask=100), "bad", "the book has no bid"),
    Case(Seen(bid=-1, ask=100), "bad", "bid -1 is no price"),
    Case(Seen(age_s=5.1), "degraded", "5.1 s old"),
    Case(Seen(age_s=30.1), "bad", "30.1 s old"),
    Case(Seen(age_s=float("nan")), "bad", "nan s old"),
    Case(Seen(price=100, others=(100.9,)), "ok"),
    Case(
        Seen(price=100, others=(102.0,)), "degraded", "price 100 is 2.0% off 102, what another provider says"
    ),
    Case(
        Seen(price=D(100), others=(97, 97.2)), "bad", "price 100 is 2.9% off 97.2, the median of 3 providers"
    ),
    Case(Seen(price=D(100), others=(100.1, 150)), "ok"),
    Case(Seen(price=100, others=(NAN, D(-1), 0)), "ok"),
    Case(Seen(skew_s=-1.0), "ok"),
    Case(Seen(skew_s=1.4), "degraded", "clock 1.4 s ahead"),
    Case(Seen(skew_s=-6.0), "bad", "clock 6.0 s behind"),
    Case(Seen(gap_s=0), "ok"),
    Case(Seen(gap_s=2.25), "degraded", "gap of 2.2 s"),
    Case(Seen(gap_s=125), "degraded", "gap of 2 min 5 s"),
    Case(Seen(gap_s=3600), "degraded", "gap of 1 h"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why or str(case.seen)[:40])
def test_each_rule(case: Case) -> None:
    found = judge(case.seen)
    assert (found.data_quality, found.reasons) == (case.quality, (case.why,) if case.why else ())
    assert found.degraded == (case.quality != "ok")


def test_the_worst_counts_and_is_said_first() -> None:
    found = judge(Seen(age_s=7.0, open_interest=-1, gap_s=12.0))
    assert found.data_quality == "bad"
    assert found.reasons == ("open interest -1 is below 0", "7.0 s old", "gap of 12 s")


def test_limits_may_be_others() -> None:
    assert judge(Seen(age_s=1.0), Limits(stale_s=0.5)).data_quality == "degraded"


def test_no_more_reasons_than_a_record_carries_and_each_once() -> None:
    many = [("degraded", str(number // 2)) for number in range(100)]
    assert verdict_of(many).reasons == tuple(map(str, range(MOST_REASONS)))  # type: ignore[arg-type]


numbers: st.SearchStrategy[Any] = st.one_of(
    st.floats(), st.decimals(), st.integers(), st.integers(-(10**400), 10**400), st.just(D("1E+999999"))
)
seen: st.SearchStrategy[Seen] = st.builds(
    Seen,
    others=st.lists(numbers, max_size=4),
    has_book=st.booleans(),
    **{
        name: st.none() | numbers
        for name in ("price", "bid", "ask", "spread", "funding_rate", "open_interest")
    },
    **{name: st.none() | st.floats() for name in ("age_s", "skew_s", "gap_s")},
)


@given(seen)
def test_it_takes_any_number_and_says_it_in_short_texts(seen: Seen) -> None:
    found = judge(seen)
    assert (found == OK) == (found.reasons == ())
    assert len(found.reasons) <= MOST_REASONS
    assert all(0 < len(why) <= 512 for why in found.reasons)


@given(seen, st.sampled_from(("price", "funding_rate", "open_interest", "age_s", "skew_s")))
def test_looking_at_less_never_makes_it_worse(seen: Seen, name: str) -> None:
    ranks = ("ok", "degraded", "bad")
    less = msgspec.structs.replace(seen, **{name: None})
    assert ranks.index(judge(less).data_quality) <= ranks.index(judge(seen).data_quality)


def test_an_engine_may_publish_with_it(tmp_path: Any) -> None:
    with Emitter(Settings(feature_event_logging=True, home=tmp_path), strict=True, ship=False) as tape:
        found = judge(Seen(open_interest=-1))
        assert tape.published(published(), data_quality=found.data_quality)
