"""What alerts hang on that other parts of the desk know: whether all is paused, what is risked, who clicked what."""

from __future__ import annotations

from functools import partial

from desk.acts.risk import kept_risk
from desk.alerting.around import Around, Risk
from desk.feedback.standing import clicks_in
from desk.settings import DeskSettings
from sink import control
from sink.db import Connection


def around(desk: DeskSettings) -> Around:
    """Each is asked within an alert's transaction."""
    return Around(paused=_paused, risk=partial(_risk, desk), clicks=clicks_in)


def _paused(connection: Connection) -> str | None:
    known = control.read(connection)
    return f"paused by {known.by or 'somebody'}" if known is not None and known.paused else None


def _risk(desk: DeskSettings, connection: Connection) -> Risk:
    kept = kept_risk(connection, desk.risk_cap_pct)
    return Risk(kept.base_pct, kept.equity_usd or desk.equity_usd)
