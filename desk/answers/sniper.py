"""/sniper: the newest plan of a symbol that is still valid: entry, stop, targets, size; else why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from desk.alerts.coins import coin_of
from desk.answers.alpha import signal_sentences
from desk.answers.answering import as_of, button, rows_of, wrong
from desk.answers.choosing import symbols_of, unknown
from desk.answers.page import Page, name
from desk.answers.plan import Plan, age, entry, life, percent_from, plan_of, rr
from desk.answers.pnl import usd
from desk.answers.reading import Reading, reading
from desk.answers.risk import Risk, read_risk
from desk.answers.symbols import in_button
from desk.asking import Answer, Asking
from desk.policy.sizing import Sizing, SizingRules, size
from desk.settings import DeskSettings
from outbox.lines import NO_BREAK
from outbox.text import Text
from outbox.wording import number, r_multiple

COMMAND = "sniper"
_EXAMPLE = "/sniper SOL"
#: A plan that is older than so many newer ones of its symbol is not looked for.
_MOST = 20
_PRICE_WIDE = 14
_PERCENT = Decimal(100)


class Sniper(Struct, frozen=True):
    """The newest plans of a symbol, what a trade risks; what the alert of the valid one knew, and its ref."""

    symbol: str
    plans: Sequence[Plan]
    risk: Risk
    rules: SizingRules
    etf_inflow_usd: Decimal | None = None
    ref_id: str | None = None

    def valid(self, now: datetime) -> Plan | None:
        """The newest that holds."""
        return next((one for one in self.plans if one.is_valid(now)), None)

    def sizing(self, plan: Plan) -> Sizing:
        """The size of its position; what is not known counts as neutral."""
        confidence = (plan.score if plan.confidence is None else plan.confidence) * _PERCENT
        risk = self.risk
        return size(
            *(risk.equity, risk.base_pct, confidence, plan.atr_pct, self.etf_inflow_usd),
            *(plan.symbol, self.rules),
        )


def sniper(asking: Asking) -> Answer:
    """The plan of a symbol."""
    if not asking.args:
        raise wrong("say which symbol", _EXAMPLE)
    with reading(asking.settings) as read:
        symbols = symbols_of(read, asking.args[0])
        if not symbols:
            return unknown(COMMAND, asking.args[0], read)
        found = read_sniper(read, symbols, asking.desk, asking.now)
    symbol = in_button(found.symbol)
    menu = [button("Alpha", "alpha", symbol), button("Signals", "signals", symbol)]
    return Answer(told(found, asking.now), rows_of([*menu, button("Refresh", COMMAND, symbol)]))


def read_sniper(read: Reading, symbols: Sequence[str], desk: DeskSettings, now: datetime) -> Sniper:
    """The newest plans of these symbols, and what sizes are made of."""
    rows = read.rows("newest", symbols=list(symbols), planned=True, most=_MOST)
    plans = [plan_of(row) for row in rows]
    found = Sniper(
        plans[0].symbol if plans else symbols[0],
        plans,
        read_risk(read, desk),
        SizingRules(desk.sizing, desk.risk_cap_pct),
    )
    plan = found.valid(now)
    alert = read.row("alert_of", signal_id=plan.signal_id) if plan else None
    if alert is None:
        return found
    return Sniper(found.symbol, plans, found.risk, found.rules, alert["etf_inflow_usd"], alert["ref_id"])


def told(found: Sniper, now: datetime) -> Text:
    """The answer."""
    plan = found.valid(now)
    if plan is None:
        return _none(found, now)
    left = "in trade" if plan.ts_triggered else f"{age(now, plan.expires)} left".replace(" ", NO_BREAK)
    page = Page(f"Sniper {name(coin_of(plan.symbol), 8)} {plan.side.upper()} · {left}")
    page.line(f"{name(plan.symbol, 16)}{_mark(plan)}")
    if plan.data_quality == "bad":
        page.line("Bad data when it was published: no prices.")
    else:
        page.table(_prices(plan), right=(2,)).lines(_size_lines(found, plan))
    page.line(life(plan, now))
    page.line(f"ref: {name(found.ref_id or plan.ref_id, 28)}" if found.ref_id or plan.ref_id else "")
    page.line(as_of(now))
    return page.quote("Signal", signal_sentences(plan)).build()


def _mark(plan: Plan) -> str:
    """What to know of it at a glance: that its data were degraded, else its setup."""
    if plan.degraded or plan.data_quality == "degraded":
        return " · degraded data"
    return f" · {name(plan.setup, 15)}" if plan.setup else ""


def _prices(plan: Plan) -> list[tuple[str, str, str]]:
    """Entry, stop and targets with how far they are, or what they bring."""
    base = plan.planned
    band = entry(plan).split("–") if len(entry(plan)) > _PRICE_WIDE else [entry(plan)]
    rows = [
        (label, name(price, _PRICE_WIDE), "") for label, price in zip(("entry", "to"), band, strict=False)
    ]
    if plan.sl is not None:
        rows.append(("SL", name(number(plan.sl), _PRICE_WIDE), percent_from(plan.sl, base)))
    for label, target in (("TP1", plan.tp), ("TP2", plan.tp2)):
        if target is not None:
            brings = rr(plan, target)
            rows.append(
                (label, name(number(target), _PRICE_WIDE), "" if brings is None else r_multiple(brings))
            )
    return rows


def _size_lines(found: Sniper, plan: Plan) -> list[str]:
    sizing = found.sizing(plan)
    whole = sizing.line.replace(" ", NO_BREAK)
    lines = [f"Size: {whole.replace(f'{NO_BREAK}×', ' ×').replace(f'{NO_BREAK}=', ' =')}"]
    if sizing.risk_usd is not None and found.risk.equity is not None:
        lines.append(f"Risk {usd(sizing.risk_usd)} of {usd(found.risk.equity)}")
    if sizing.missing:
        lines.append(f"Not known, so neutral: {', '.join(sizing.missing)}")
    return lines


def _none(found: Sniper, now: datetime) -> Text:
    page = Page(f"Sniper {name(coin_of(found.symbol), 8)} · no valid plan").line(name(found.symbol, 30))
    if not found.plans:
        return page.line("No signal of it ever named an entry.").line(as_of(now)).build()
    last = found.plans[0]
    page.line(f"The last was {last.side} at {entry(last)}, {age(last.ts_published, now)} ago")
    page.line(life(last, now)).line(as_of(now))
    return page.quote("Signal", signal_sentences(last)).build()
