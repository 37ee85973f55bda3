"""How well a provider is by all that it did: its breaker, its delay, and what every answer says of it."""

from __future__ import annotations

from market.exchanges.errors import ExchangeError, RateLimited, RequestRefused, StreamEnded, UnknownSymbol
from market.latency import Latency
from market.steady import Clock
from signaltape.breaker import CLOSED, Breaker, State

_SECOND_US = 1_000_000
#: A clock that is further ahead than this is of no use: one of the two is wrong.
_MUCH_SKEW_S = 5.0
#: A second is complete so long after its end at least, and at most, whatever the provider's delay.
_LEAST_DELAY_US, _MOST_DELAY_US = 250_000, 10 * _SECOND_US


class Reputation:
    """Of one provider. news: how late what it streams is; answers: how long its answers take."""

    def __init__(self, clock: Clock, breaker: Breaker) -> None:
        self.breaker = breaker
        self.news, self.answers = Latency(), Latency()
        self.failures = 0
        self._clock = clock
        self._rest_until_us = 0

    def may_ask(self) -> bool:
        """Whether a question may be put now; a half open breaker lets one through."""
        now_us = self._clock()
        return now_us >= self._rest_until_us and self.breaker.may(now_us)

    def wait_s(self) -> float:
        """How long until it may be worth trying again."""
        now_us = self._clock()
        return max(self.breaker.wait_us(now_us), self._rest_until_us - now_us, 0) / _SECOND_US

    def answered(self, took_us: int) -> None:
        """As it should."""
        self.answers.add(self._clock(), took_us)
        self.breaker.succeeded()

    def failed(self, error: BaseException) -> None:
        """What the end of a question or of a stream says: a refusal is an answer, a hurry is no failure."""
        if isinstance(error, RequestRefused):
            self.breaker.succeeded()
        elif isinstance(error, RateLimited):
            self._rest_until_us = self._clock() + round(error.wait_s * _SECOND_US)
            self.breaker.undecided()
        elif isinstance(error, ExchangeError) and not isinstance(error, UnknownSymbol | StreamEnded):
            self.failures += 1
            self.breaker.failed(self._clock())
        else:
            self.breaker.undecided()

    @property
    def state(self) -> State:
        """Of its breaker."""
        return self.breaker.state(self._clock())

    @property
    def is_left_alone(self) -> bool:
        """Whether its breaker is not closed."""
        return self.state != CLOSED

    def slow(self) -> str:
        """In words, if what it streams is too late, or from another time; else empty."""
        now_us = self._clock()
        p95_us, skew_s = self.news.p95_us(now_us), self.skew_s()
        if p95_us is not None and self.news.is_sick(now_us):
            return f"is slow (p95 {p95_us // 1000} ms)"
        return f"has a clock {skew_s:.0f} s ahead" if skew_s is not None and skew_s > _MUCH_SKEW_S else ""

    def delay_us(self) -> int:
        """How long after its end a second of its trades is complete."""
        return min(max(self.news.p95_us(self._clock()) or 0, _LEAST_DELAY_US), _MOST_DELAY_US)

    def skew_s(self) -> float | None:
        """How far its clock is ahead, by the quickest news; None as long as too little is known."""
        quick_us = self.news.quick_us(self._clock())
        return -quick_us / _SECOND_US if quick_us is not None else None
