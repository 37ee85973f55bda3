"""The few kinds of panel that the boards are made of, each with its queries."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, ReduceDataOptions
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery as Prometheus
from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.builders.timeseries import Panel as TimePanel
from grafana_foundation_sdk.models.common import GraphThresholdsStyleMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

from deploy.grafana.sql_query import PLUGIN, Sql

#: Chosen at the top of a board.
PROMETHEUS = DataSourceRef("prometheus", "${prometheus}")
POSTGRES = DataSourceRef(PLUGIN, "${postgres}")
#: A row has 24 columns.
_THIRD, _SMALL, _WHOLE = 8, 4, 24
_HIGH, _LOW = 8, 4
_GOOD, _BAD = "green", "red"
#: So that the eye finds what belongs to a line.
_FILL = 8

Query = Prometheus | Sql
Panel = TimePanel | StatPanel | TablePanel
_Panel = TypeVar("_Panel", TimePanel, StatPanel, TablePanel)


class Limit(NamedTuple):
    """Where it begins to be wrong: over it, or below it."""

    at: float
    below: bool = False


def prom(expr: str, legend: str = "") -> Query:
    """PromQL over the time that is shown. legend: `{{label}}` of each series."""
    return Prometheus().expr(expr).legend_format(legend or "__auto").range().datasource(PROMETHEUS)


def sql_days(sql: str) -> Query:
    """Rows of `time`, perhaps `metric`, and values."""
    return Sql(sql, "time_series", POSTGRES)


def sql_table(sql: str) -> Query:
    """Rows as they are."""
    return Sql(sql, "table", POSTGRES)


def lines(title: str, says: str, unit: str, *queries: Query, limit: Limit | None = None) -> TimePanel:
    """Values over time. unit: of Grafana's, such as `s`, `bytes`, `percentunit`."""
    panel = _sized(TimePanel().unit(unit).fill_opacity(_FILL), title, says, _THIRD, _HIGH)
    if limit is not None:
        dashed = GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel.thresholds(_thresholds(limit)).thresholds_style(dashed)
    return _asked(panel, queries)


def stat(title: str, says: str, unit: str, *queries: Query, limit: Limit | None = None) -> StatPanel:
    """One number: the last one."""
    panel = _sized(StatPanel().unit(unit), title, says, _SMALL, _LOW)
    panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
    panel.thresholds(_thresholds(limit) if limit is not None else _no_threshold())
    return _asked(panel, queries)


def rows(title: str, says: str, *queries: Query) -> TablePanel:
    """A table over the whole width."""
    return _asked(_sized(TablePanel(), title, says, _WHOLE, _HIGH), queries)


def _sized(panel: _Panel, title: str, says: str, span: int, height: int) -> _Panel:
    return panel.title(title).description(says).span(span).height(height)


def _asked(panel: _Panel, queries: Sequence[Query]) -> _Panel:
    """With its queries, A, B, …; of their data source."""
    for letter, query in zip(ascii_uppercase, queries, strict=False):
        panel.with_target(query.ref_id(letter))
    return panel.datasource(POSTGRES if isinstance(queries[0], Sql) else PROMETHEUS)


def _thresholds(limit: Limit) -> ThresholdsConfig:
    low, high = (_BAD, _GOOD) if limit.below else (_GOOD, _BAD)
    steps = [Threshold(None, low), Threshold(limit.at, high)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _no_threshold() -> ThresholdsConfig:
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(None, _GOOD)])
