"""What is to be thought of each bar, candle, funding rate and open interest. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market.bars import Bar
from market.exchanges.base import CandleRow, Funding, OpenInterest
from market.sources import LineState
from market.units import SECOND_US
from signaltape.quality import Limits, Seen, Verdict, judge, verdict_of

#: Funding and open interest change slowly: providers compute them every few seconds to minutes.
_SLOW = Limits(stale_s=120.0, too_old_s=3_600.0)


def with_reasons(verdict: Verdict, reasons: Sequence[str]) -> Verdict:
    """The same, at least degraded for each of these reasons."""
    if not reasons:
        return verdict
    own = [(verdict.data_quality, why) for why in verdict.reasons]
    return verdict_of([*own, *(("degraded", why) for why in reasons)])


def judged_bar(bar: Bar, line: LineState, others: Sequence[Decimal], reasons: Sequence[str]) -> Verdict:
    """A second. others: prices elsewhere; reasons: why it is not as it should be."""
    quote = bar.quote
    seen = Seen(
        price=bar.close,
        others=others,
        bid=quote.bid if quote is not None else None,
        ask=quote.ask if quote is not None else None,
        has_book=quote is not None,
        age_s=(bar.received_us - bar.exchange_us) / SECOND_US,
        skew_s=line.skew_s,
    )
    return with_reasons(judge(seen), reasons)


def judged_row(
    row: CandleRow, gap_s: float | None, others: Sequence[Decimal], reasons: Sequence[str]
) -> Verdict:
    """A minute. gap_s: how much of it was not seen as it happened; others: its close elsewhere."""
    wrong = [] if _is_whole(row) else [f"no candle: {row.low} to {row.high}, {row.open}, {row.close}"]
    found = judge(Seen(price=row.close, others=others, gap_s=gap_s))
    if wrong:
        found = verdict_of([("bad", wrong[0]), *((found.data_quality, why) for why in found.reasons)])
    return with_reasons(found, reasons)


def with_bad_seconds(minute: Verdict, why: str | None) -> Verdict:
    """Whose seconds were not to be trusted, that one's minute is not."""
    if why is None:
        return minute
    own = [(minute.data_quality, reason) for reason in minute.reasons]
    return verdict_of([("bad", f"seconds of it were bad: {why}"), *own])


def judged_funding(said: Funding, reasons: Sequence[str]) -> Verdict:
    """A funding rate."""
    age_s = (said.received_us - said.exchange_us) / SECOND_US
    return with_reasons(judge(Seen(funding_rate=said.rate, age_s=age_s), _SLOW), reasons)


def judged_interest(said: OpenInterest, reasons: Sequence[str]) -> Verdict:
    """An open interest."""
    age_s = (said.received_us - said.exchange_us) / SECOND_US
    return with_reasons(judge(Seen(open_interest=said.value, age_s=age_s), _SLOW), reasons)


def last_good(provider: str, age_s: float, reasons: Sequence[str]) -> Verdict:
    """Of a price that is only repeated: nobody saw a trade, so nothing may come of it."""
    again = f"last good price of {provider}, {age_s:.0f} s old"
    return verdict_of([("bad", again), *(("degraded", why) for why in reasons)])


def _is_whole(row: CandleRow) -> bool:
    return row.low <= min(row.open, row.close) and max(row.open, row.close) <= row.high
