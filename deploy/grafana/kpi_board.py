"""The key figures, out of the views kpi_*, as reports and dashboard have them; and how they stand now."""

from __future__ import annotations

from deploy.grafana.panels import Limit, Panel, lines, prom, sql_days, sql_table, stat
from deploy.grafana.pipeline_board import Rows
from reports.feedback.found import GOAL
from reports.targets import WANTED_TP1, WANTED_TP2

_SIGNAL = (
    'signaltape_guard_measured_seconds_bucket{kind="http",figure="latency_ms",name=~".* /api/signal/.*"}'
)
_P95_S, _ERRORS, _DELIVERY_S = 0.4, 0.01, 5.0


def kpis() -> Rows:
    """Rows of panels, by title."""
    return {"The time that is shown": _whole(), "By day": [*_engine(), *_trading()], "Now": _now()}


def _over(view: str, figure: str) -> str:
    """A figure of all days that are shown: sums over each other, never a mean of rates."""
    return f"SELECT {figure}\nFROM {view}\nWHERE $__timeFilter(at)"


def _daily(view: str, *figures: str) -> str:
    return f'SELECT at AS "time", {", ".join(figures)}\nFROM {view}\nWHERE $__timeFilter(at)\nORDER BY at'


def _whole() -> list[Panel]:
    return [
        stat(
            "p95 of /api/signal",
            "The worst day of the slowest engine",
            "s",
            sql_table(_over("kpi_signal_latency", "max(p95_ms) / 1000 AS p95")),
            limit=Limit(_P95_S),
        ),
        stat(
            "5xx",
            "Share of all requests",
            "percentunit",
            sql_table(_over("kpi_requests", "sum(n5xx)::float8 / nullif(sum(requests), 0) AS n5xx")),
            limit=Limit(_ERRORS),
        ),
        stat(
            "Delivery",
            "p95 from an alert to its chat, the worst day",
            "s",
            sql_table(_over("kpi_delivery", "max(p95_s) AS p95")),
            limit=Limit(_DELIVERY_S),
        ),
        stat(
            "TP1",
            "Of trades that ended",
            "percentunit",
            sql_table(_over("kpi_targets", "sum(tp1)::float8 / nullif(sum(traded), 0) AS tp1")),
            limit=Limit(WANTED_TP1, below=True),
        ),
        stat(
            "TP2",
            "Of trades that ended, with a second target",
            "percentunit",
            sql_table(_over("kpi_targets", "sum(tp2)::float8 / nullif(sum(traded2), 0) AS tp2")),
            limit=Limit(WANTED_TP2, below=True),
        ),
        stat(
            "Net of 100 signals",
            "In R, after costs",
            "none",
            sql_table(_over("kpi_targets", "(100 * sum(net_r) / nullif(sum(settled), 0))::float8 AS net_r")),
            limit=Limit(0, below=True),
        ),
        stat(
            "Feedback",
            "Alerts of which somebody says something",
            "percentunit",
            sql_table(_over("kpi_feedback", "sum(clicked)::float8 / nullif(sum(sent), 0) AS coverage")),
            limit=Limit(float(GOAL), below=True),
        ),
    ]


def _engine() -> list[Panel]:
    return [
        lines(
            "p95 of /api/signal",
            "All its endpoints together, by engine",
            "s",
            sql_days(_daily("kpi_signal_latency", "engine AS metric", "p95_ms / 1000 AS p95")),
            limit=Limit(_P95_S),
        ),
        lines(
            "5xx",
            "Share of the requests of a day, by engine",
            "percentunit",
            sql_days(_daily("kpi_requests", "engine AS metric", "n5xx_ratio")),
            limit=Limit(_ERRORS),
        ),
        lines(
            "Delivery",
            "From an alert to where it stands in its chat",
            "s",
            sql_days(_daily("kpi_delivery", "p95_s", "p50_s")),
            limit=Limit(_DELIVERY_S),
        ),
    ]


def _trading() -> list[Panel]:
    return [
        lines(
            "Targets",
            "Of the trades that ended, by day of publication",
            "percentunit",
            sql_days(_daily("kpi_targets", "tp1_ratio AS tp1", "tp2_ratio AS tp2")),
            limit=Limit(WANTED_TP1, below=True),
        ),
        lines(
            "Net of 100 signals",
            "In R, after costs",
            "none",
            sql_days(_daily("kpi_targets", "net_r_per_100::float8 AS net_r")),
            limit=Limit(0, below=True),
        ),
        lines(
            "Feedback",
            "Alerts of which somebody says something",
            "percentunit",
            sql_days(_daily("kpi_feedback", "coverage_ratio AS coverage")),
            limit=Limit(float(GOAL), below=True),
        ),
    ]


def _now() -> list[Panel]:
    return [
        lines(
            "p95 of /api/signal now",
            "All its endpoints together, by engine",
            "s",
            prom(
                f"histogram_quantile(0.95, sum by (le, engine) (rate({_SIGNAL}[$__rate_interval])))",
                "{{engine}}",
            ),
            limit=Limit(_P95_S),
        ),
        lines(
            "5xx now",
            "Share of all requests",
            "percentunit",
            prom(
                'sum(rate(signaltape_guard_requests_total{status="5xx"}[$__rate_interval]))'
                " / sum(rate(signaltape_guard_requests_total[$__rate_interval]))",
                "5xx",
            ),
            limit=Limit(_ERRORS),
        ),
        lines(
            "Alerts",
            "That were decided, of all time",
            "none",
            prom("max by (category, decision) (signaltape_desk_alerts)", "{{category}} {{decision}}"),
        ),
    ]
