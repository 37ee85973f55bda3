"""What engines promise, by the guard's own rules: latencies, errors, ages, error budgets, and alerts."""

from __future__ import annotations

from deploy.grafana.panels import Limit, Panel, lines, prom, rows, sql_days, sql_table, stat
from deploy.grafana.pipeline_board import Rows
from deploy.prometheus.expressions import by, figure_over, number, recorded, span
from guard.exporting import in_base, seconds_of
from guard.model.rules import Burn, Rules, Threshold

#: A board is drawn over days: the windows of the rules would be shorter than what is between two points.
_WINDOW = "$__rate_interval"
_REQUESTS = "signaltape_guard_requests_total"
_BUDGET_DAYS = 30


def slo(rules: Rules) -> Rows:
    """Rows of panels, by title."""
    times = [
        rule for rule in rules.rule.values() if isinstance(rule, Threshold) and rule.value[:5] != "share"
    ]
    return {
        "Now": [*_alerts_now(), *(_budget_left(rule) for rule in rules.burns)],
        "Times": [_time(rule) for rule in times],
        "Requests": _requests(),
        "Error budgets": [panel for rule in rules.burns for panel in (_burning(rule), _by_day(rule))],
        "Alerts": [_alerts()],
    }


def _alerts_now() -> list[Panel]:
    open_now = 'sum(signaltape_guard_open_alerts{{category="{}",state="firing"}})'
    return [
        stat("Health", "Alerts that fire", "none", prom(open_now.format("health")), limit=Limit(1)),
        stat("Performance", "Alerts that fire", "none", prom(open_now.format("performance")), limit=Limit(1)),
        stat(
            "Evaluated",
            "Seconds since the guard evaluated its rules",
            "s",
            prom("time() - max(signaltape_guard_evaluated_timestamp_seconds)"),
            limit=Limit(60),
        ),
        stat(
            "Read",
            "Seconds up to which the tape is counted",
            "s",
            prom("time() - max(signaltape_guard_read_timestamp_seconds)"),
            limit=Limit(60),
        ),
    ]


def _time(rule: Threshold) -> Panel:
    """A figure and its limit."""
    limit = Limit(in_base(rule.alert_above or rule.target, seconds_of(rule.figure) or 1))
    query = prom(figure_over(rule, _WINDOW), _legend(rule))
    return lines(f"{rule.what} ({rule.value})", f"Rule {rule.name}. {rule.costs}", "s", query, limit=limit)


def _legend(rule: Threshold | Burn) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in reversed(by(rule).split(", ")))


def _requests() -> list[Panel]:
    return [
        lines(
            "Requests",
            "A second, by status",
            "ops",
            prom(f"sum by (status) (rate({_REQUESTS}[{_WINDOW}]))", "{{status}}"),
        ),
        lines(
            "Errors",
            "Share of all requests",
            "percentunit",
            prom(_share("", "5xx"), "5xx"),
            prom(_share("", "429"), "429"),
            limit=Limit(0.02),
        ),
        lines(
            "Errors by endpoint",
            "Share of its requests with 5xx",
            "percentunit",
            prom(_share("name", "5xx"), "{{name}}"),
        ),
    ]


def _share(label: str, status: str) -> str:
    bad, every = (
        f"sum by ({label}) (rate({_REQUESTS}{of}[{_WINDOW}]))" for of in (f'{{status="{status}"}}', "")
    )
    return f"{bad} / {every}"


def _burning(rule: Burn) -> Panel:
    """How many times as fast as it may each long window spends the budget."""
    windows = [
        prom(_rate(rule, place), f"{span(long)} {_legend(rule)}")
        for place, (_, long, _) in enumerate(rule.windows)
    ]
    says = f"Rule {rule.name}: times as fast as an objective of {rule.objective:g} % allows."
    return lines(rule.what, says, "none", *windows, limit=Limit(1))


def _rate(rule: Burn, place: int) -> str:
    _, long, _ = rule.windows[place]
    of, allowed = f'{{slo="{rule.name}"}}', number((100 - rule.objective) / 100)
    return f"{recorded(rule, 'bad', long)}{of} / {recorded(rule, 'requests', long)}{of} / {allowed}"


def _budget_left(rule: Burn) -> Panel:
    allowed = number((100 - rule.objective) / 100)
    sql = (
        f"SELECT 1 - sum(bad) / nullif(sum(good + bad) * {allowed}, 0)::float8 AS budget_left\n"
        f"FROM guard_days\nWHERE rule = '{rule.name}'"
        f" AND day > (now() AT TIME ZONE 'Asia/Jakarta')::date - {_BUDGET_DAYS}"
    )
    says = f"Of {_BUDGET_DAYS} days, all subjects together. Rule {rule.name}."
    return stat(f"Left: {rule.name}", says, "percentunit", sql_table(sql), limit=Limit(0, below=True))


def _by_day(rule: Burn) -> Panel:
    sql = (
        "SELECT day::timestamp AT TIME ZONE 'Asia/Jakarta' AS \"time\", subject AS metric,\n"
        "       bad::float8 / nullif(good + bad, 0) AS bad_ratio\n"
        f"FROM guard_days\nWHERE rule = '{rule.name}' AND $__timeFilter(day::timestamp AT TIME ZONE 'Asia/Jakarta')\n"
        "ORDER BY 1, 2"
    )
    allowed = (100 - rule.objective) / 100
    return lines(
        f"{rule.what}: by day",
        f"Share of bad ones; {allowed:.0%} may be.",
        "percentunit",
        sql_days(sql),
        limit=Limit(allowed),
    )


def _alerts() -> Panel:
    sql = (
        "SELECT since, rule, subject, state, value, limit_value, fired_at, resolved_at\n"
        "FROM guard_alerts\nWHERE $__timeFilter(since)\nORDER BY since DESC\nLIMIT 100"
    )
    return rows("Alerts", "Of the time that is shown, the newest first", sql_table(sql))
