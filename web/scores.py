"""Scorecards as pages show them: computed by the reports' own operations, and made ready once for all who look."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from reports.operations.clicked import clicked
from reports.operations.scorecards import Computed, scorecard
from reports.operations.shown import NO_COURSE, WEEKS, Told, Week, groups, picture, told
from reports.operations.slices import ALL, Chosen, Days, Row, Slice, rows, sliced, verdict
from signaltape.clock import utc_now
from signaltape.settings import Settings
from sink.db import only_reading
from web.charts import bins_chart, curve_chart
from web.clicks import Clicks, clicks_of
from web.counting import Counts, counts_of
from web.delay_chart import delay_chart
from web.filters import of_chosen
from web.targets import DelayRow, TargetsShown, delays_of, targets_of

#: A statement for a picture takes no longer.
_LONGEST_MS = 10_000


class ScoreAsked(NamedTuple):
    """A week's scorecard: of all signals, or of those chosen."""

    week: Week
    chosen: Chosen = ALL


class ShownScore(NamedTuple):
    """A scorecard ready to be shown. found: without its course, which is drawn."""

    found: Computed
    told: Told
    counts: Counts
    bins_svg: Markup
    curve_svg: Markup | None
    #: None without a desk
    clicks: Clicks | None
    #: None if no signal ended
    targets: TargetsShown | None
    #: of the pooled weeks
    delays: list[DelayRow]
    delay_svg: Markup | None


class PictureAsked(NamedTuple):
    """The report of a week as a picture; kind: of `PICTURES`."""

    week: Week
    kind: str


class SliceAsked(NamedTuple):
    """What is counted of some days."""

    days: Days
    chosen: Chosen


class Side(NamedTuple):
    """One of two that are compared, ready to be shown."""

    found: Slice
    verdict: str
    rows: list[Row]
    counts: Counts
    bins_svg: Markup


def score_of(settings: Settings, asked: ScoreAsked) -> ShownScore:
    """Compute a week's scorecard; nothing is stored. Raises OperationError."""
    found = scorecard(settings, utc_now(), asked.week, store=False, chosen=asked.chosen)
    of = of_chosen(asked.chosen)._replace(since=asked.week.monday, until=asked.week.sunday)
    counts = counts_of(of, found.card.bins, found.card.figures, groups(found))
    drawn = bins_chart(counts.bins), curve_chart(found.course.points)
    shown = clicked(found)
    clicks = clicks_of(of, shown) if shown is not None else None
    waits = delays_of(of._replace(since=asked.week.earlier(WEEKS - 1).monday), found.card.delays)
    waited = waits, delay_chart(waits)
    reached = targets_of(of, found.card.targets, [one.label for one in found.card.bins])
    return ShownScore(
        found._replace(course=NO_COURSE, when=()), told(found), counts, *drawn, clicks, reached, *waited
    )


def side_of(settings: Settings, asked: SliceAsked) -> Side:
    """Compute one side of a comparison. Raises OperationError."""
    found = sliced(settings, *asked)
    of = of_chosen(asked.chosen)._replace(since=asked.days.first, until=asked.days.last)
    counts = counts_of(of, found.bins, found.figures)
    return Side(found, verdict(found), list(rows(found.figures)), counts, bins_chart(counts.bins))


def picture_of(settings: Settings, asked: PictureAsked) -> bytes:
    """The picture of a week's report. Takes some seconds. Raises OperationError."""
    with only_reading(_LONGEST_MS):
        return picture(scorecard(settings, utc_now(), asked.week, store=False), asked.kind)
