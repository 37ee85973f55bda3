"""What a rule is: one struct a kind. The file `guard/rules.toml` holds them; `guard.model.reading` reads it.

threshold  a figure of what engines measure, of the last minutes: p95 of a latency, share of 5xx, …
burn       how fast an error budget is spent, after the Google SRE workbook, chapter 5
absent     nothing is measured any more of what was measured before
check      a figure of what the guard looks at itself: disk, stream, backlog, backup, …
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from guard.model.spans import Span

Category = Literal["health", "performance"]
#: Whom a rule is asked of: each name by itself, or all names of an engine together.
By = Literal["name", "engine"]
#: What of a window is held against the limit. Shares are in percent of all requests.
Value = Literal["p50", "p95", "p99", "mean", "worst", "last", "share_5xx", "share_429", "share_4xx"]
#: What makes a request (or a measurement) a bad one.
Bad = Literal["5xx", "429", "slow"]

Word = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-z0-9_*-]+$")]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern="^[^\\x00-\\x1f]+$")]
Glob = Annotated[str, Meta(min_length=1, max_length=200)]
Finite = Annotated[float, Meta(ge=-1e15, le=1e15)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_NOTHING, _MINUTES_2, _DAY = Span(0), Span(minutes=2), Span(days=1)
#: Alerts of one category that fire within this are told in one message.
GATHER = Span(seconds=20)
#: Told again so long after the last time; when these are used up, daily.
REPEAT = (Span(minutes=30), Span(hours=2), Span(hours=8))


class Common(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"for_": "for", "except_": "except"}
):
    """What every rule has.

    name: its table's in the file. for_: it must be breached so long, without a break, before it fires. resolve_after:
    and be well so long before it is over. unless: while one of these fires for the same subject, this one is recorded
    but not told. what, costs, do: of its message. runbook: the section of docs/runbook.md.
    """

    name: str = ""
    category: Category
    what: Line
    costs: Line
    do: Line
    runbook: Annotated[str, Meta(pattern="^[a-z0-9-]{1,60}$")]
    for_: Span = _NOTHING
    resolve_after: Span = _MINUTES_2
    unless: tuple[str, ...] = ()


class Measured(Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule about what engines measure.

    of, figure: of which measurements, as `http` and `latency_ms`; `*` is any. names, except_: whose, by glob.
    """

    of: Word
    figure: Word = "*"
    names: tuple[Glob, ...] = ("*",)
    except_: tuple[Glob, ...] = ()
    by: By = "name"


class Threshold(
    Measured, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="threshold"
):
    """A figure beyond a limit. Below min_count measurements in the window nothing can be said.

    target: what is aimed at. min_bad: of a share, the least number of bad requests that counts as a breach.
    """

    value: Value
    unit: Annotated[str, Meta(min_length=1, max_length=8)]
    target: Finite
    alert_above: Finite | None = None
    alert_below: Finite | None = None
    window: Span
    min_count: Count = 1
    min_bad: Count = 0


class Burn(Measured, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="burn"):
    """How fast an error budget of 30 days is spent.

    objective: percent of requests that shall be good. bad: which are not; "slow" those above `slow_above`, in the
    figure's unit. windows: (burn rate, long window, short window); it is breached where both burn faster than that.
    min_count, min_bad: of the long window.
    """

    objective: Annotated[float, Meta(gt=0, lt=100)]
    bad: Bad
    slow_above: Finite | None = None
    windows: Annotated[
        tuple[tuple[Annotated[float, Meta(ge=1, le=1000)], Span, Span], ...], Meta(min_length=1)
    ]
    min_count: Count = 1
    min_bad: Count = 1


class Absent(Measured, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="absent"):
    """Nothing of it for `silent`, though there was within `within`. After that long it is no longer expected."""

    silent: Span
    within: Span = _DAY


class Check(Common, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="check"):
    """A figure that the guard takes itself, as `disk_free_pct`, beyond a limit."""

    figure: Word
    unit: Annotated[str, Meta(min_length=1, max_length=8)]
    target: Finite | None = None
    alert_above: Finite | None = None
    alert_below: Finite | None = None


Rule = Threshold | Burn | Absent | Check


class Rules(Struct, frozen=True):
    """All rules in force, by name, and the plan of telling. source: the file that they were read from."""

    rule: dict[str, Rule]
    gather: Span = GATHER
    repeat: tuple[Span, ...] = REPEAT
    source: str = ""

    @property
    def burns(self) -> tuple[Burn, ...]:
        """Those with an error budget."""
        return tuple(rule for rule in self.rule.values() if isinstance(rule, Burn))
