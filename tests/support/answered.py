"""Every answer of the desk as a text: ordinary, in trouble, long, empty, and of symbols that mean harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec.structs import replace

from desk.acts.lines import told as told_lines
from desk.answers import ANSWERS
from desk.answers.alpha import Alpha
from desk.answers.alpha import choice as told_choice
from desk.answers.alpha import told as told_alpha
from desk.answers.answering import away
from desk.answers.ghosts import Ghosts
from desk.answers.ghosts import told as told_ghosts
from desk.answers.held import Held
from desk.answers.held import told as told_held
from desk.answers.help import told as told_help
from desk.answers.pnl import Profits
from desk.answers.pnl import told as told_pnl
from desk.answers.processes import told as told_processes
from desk.answers.risk import Risk
from desk.answers.signals import told as told_signals
from desk.answers.sniper import Sniper
from desk.answers.sniper import told as told_sniper
from desk.answers.status import told as told_status
from desk.asking import Command, User
from desk.ghosts.asked import Asked
from desk.policy.sizing import SizingRules
from outbox.text import Text
from signaltape.control import Standing
from tests.support import asked
from tests.support.asked import LIVES, NAMES, NOW, D

REFUSED = "Redis: Error 111 connecting to 127.0.0.1:6379. Connection refused."
_NO_RISK = Risk(D("1.0"), None)


def asked_line(number: int, **changes: Any) -> Asked:
    """A line that is set."""
    given: dict[str, Any] = {
        "id": f"line-{number}",
        "number": number,
        "kind": "line",
        "ref_id": "snp_20250915_1355_SOL",
        "user_id": 102,
        "by_user": "ana",
        "chat_id": "-77",
        "symbol": "SOL-USDT-SWAP",
        "side": "long",
        "label": "TP1",
        "price": D("226.3"),
        "direction": "above",
        "update_id": 1,
        "asked_at": asked.ago(9),
        "expires_at": asked.ago(-21),
        **dict.fromkeys(("thread_id", "cancelled_at", "became", "ended_at")),
    }
    return Asked(**{**given, **changes})


#: What a text is, and how it is made.
Kinds = Iterator[tuple[str, Callable[[], Text]]]


class Texts(dict[str, Text]):
    """By what it is; each is made when first asked for, so that who only collects the tests does not wait for them."""

    def __init__(self, makers: Kinds) -> None:
        super().__init__()
        self._makers = dict(makers)

    @property
    def kinds(self) -> list[str]:
        return list(self._makers)

    def __missing__(self, kind: str) -> Text:
        self[kind] = self._makers[kind]()
        return self[kind]


def all_texts() -> Texts:
    """Every one."""
    return Texts(kind for some in (_of_symbols(), _of_the_desk(), _hostile()) for kind in some)


def _of_symbols() -> Kinds:
    for life in LIVES:
        yield f"alpha, {life}", partial(told_alpha, asked.alpha(life=life), NOW)
        yield f"sniper, {life}", partial(told_sniper, asked.sniper(life=life), NOW)
    yield "alpha, nothing", partial(told_alpha, Alpha("SOL-USDT-SWAP", None), NOW)
    yield "sniper, nothing", partial(told_sniper, Sniper("SOL-USDT-SWAP", [], _NO_RISK, SizingRules()), NOW)
    yield "sniper, no equity", partial(told_sniper, asked.sniper(equity=None), NOW)
    yield "signals", partial(told_signals, list(LIVES.values())[:8], NOW)
    yield "signals, of one", partial(told_signals, list(LIVES.values())[:8], NOW, "SOL")
    yield (
        "signals, days ago",
        partial(told_signals, [asked.plan(minutes_ago=1441 * day) for day in range(8)], NOW),
    )
    yield "signals, none", partial(told_signals, [], NOW)
    yield "signals, no older", partial(told_signals, [], NOW, first=False)
    yield "pnl", partial(told_pnl, asked.profits(), NOW)
    yield (
        "pnl, 366 days",
        partial(told_pnl, asked.profits(366, None, [f"COIN{n}-USDT" for n in range(40)]), NOW),
    )
    yield "pnl, today", partial(told_pnl, asked.profits(1), NOW)
    yield "pnl, nothing", partial(told_pnl, Profits(7, [], 2, _NO_RISK), NOW)
    row = {"side": "short", "score": D("0.7999"), "ts_published": asked.ago(9)}
    rows = [{"symbol": name, **row} for name in NAMES.values()]
    yield "alpha, to choose", partial(told_choice, rows * 3, NOW)


def _of_the_desk() -> Kinds:
    yield "status", partial(told_status, asked.status(), NOW)
    yield "status, paused", partial(told_status, asked.status(paused=True), NOW)
    bad = asked.status(paused=True, lag_s=90_000, failed=12, uncertain=3, overdue=40)
    yield "status, bad", partial(told_status, bad, NOW)
    yield "status, away", partial(told_status, asked.status(away=REFUSED), NOW)
    yield (
        "status, all away",
        partial(
            told_status,
            replace(asked.status(away=REFUSED), stored=None, away={"Redis": REFUSED, "Postgres": "x " * 300}),
            NOW,
        ),
    )
    yield "held", partial(told_held, asked.HELD, NOW)
    yield "ghosts", partial(told_ghosts, asked.GHOSTS, NOW)
    yield "ghosts, none", partial(told_ghosts, Ghosts([], {}, {}), NOW)
    yield (
        "ghosts, forty",
        partial(told_ghosts, asked.ghosts_of([asked.ghost(n, by=None) for n in range(40)]), NOW),
    )
    yield "lines", partial(told_lines, [asked_line(n) for n in range(1, 4)], NOW)
    yield "lines, fifty", partial(told_lines, [asked_line(10_000 + n) for n in range(50)], NOW)
    yield "lines, none", partial(told_lines, [], NOW)
    yield "held, nothing", partial(told_held, Held([], {}), NOW)
    yield "processes", partial(told_processes, asked.WELL, NOW)
    yield "processes, many", partial(told_processes, asked.CROWD, NOW)
    yield "processes, none", partial(told_processes, Standing(None, [], asked.NOW_MS), NOW)
    yield "away", away("signals", REFUSED).build
    acts = [
        Command(name, "admin", "stop all engines at once", ANSWERS[0].handler, acts=True)
        for name in ("panic", "risk")
    ]
    yield "help", partial(told_help, [*ANSWERS, *acts], User(1, "trader", "Ana"))


def _hostile() -> Kinds:
    for kind, name in NAMES.items():
        yield f"alpha of {kind}", partial(told_alpha, asked.alpha(name), NOW)
        yield f"sniper of {kind}", partial(told_sniper, asked.sniper(name), NOW)
        one = asked.plan(name, setup=name, ref_id=name, rules_version=name, timeframe=name)
        yield f"signals of {kind}", partial(told_signals, [one] * 8, NOW, name)
        yield f"plan of {kind}", partial(told_sniper, Sniper(name, [one], _NO_RISK, SizingRules()), NOW)
        yield f"pnl of {kind}", partial(told_pnl, asked.profits(symbols=[name]), NOW)
        worst = asked.held_alert(1, name, symbol=name, detail=name * 9, ref_id=name, category=name)
        yield f"held of {kind}", partial(told_held, Held([worst] * 40, {name: 40}), NOW)
        ghosts = [
            asked.ghost(number, status, symbol=name, by=name, ref_id=name, reason=name, exit_reason=name)
            for number, status in enumerate(("open", "waiting", "closed", "expired", "refused") * 3)
        ]
        yield f"ghosts of {kind}", partial(told_ghosts, asked.ghosts_of(ghosts), NOW)
        line = asked_line(1, symbol=name, by_user=name, ref_id=name, label=name)
        yield f"lines of {kind}", partial(told_lines, [line] * 20, NOW)
        process = asked.process(name, name=name, host=name, version=name)
        yield (
            f"processes of {kind}",
            partial(told_processes, Standing(asked.PAUSED, [process] * 50, asked.NOW_MS), NOW),
        )
    long = D("123456789012345.123456789012345678901234567890")
    prices: dict[str, Any] = dict.fromkeys(
        ("entry", "entry_low", "entry_high", "sl", "tp", "tp2", "atr_pct", "rr_target"), long
    )
    huge = asked.plan(
        **prices,
        score=D("0." + "7" * 60),
        ts_closed=asked.ago(1),
        rr_realized=D("-999999.99"),
        exit_reason="other",
    )
    yield "signals, huge numbers", partial(told_signals, [huge] * 8, NOW)
    yield (
        "sniper, huge numbers",
        partial(told_sniper, Sniper("SOL", [replace(huge, ts_closed=None)], _NO_RISK, SizingRules()), NOW),
    )
    sizes: dict[str, Any] = dict.fromkeys(("fill", "sl", "entry", "rr_realized", "rr_best", "pnl_usd"), long)
    huge_ghosts = [asked.ghost(10**12, "closed", **sizes), asked.ghost(10**12, "waiting", **sizes)]
    yield "ghosts, huge numbers", partial(told_ghosts, asked.ghosts_of(huge_ghosts * 5), NOW)
    yield "lines, huge numbers", partial(told_lines, [asked_line(1, price=long)] * 9, NOW)
    yield "alpha, huge numbers", partial(told_alpha, Alpha("SOL", huge, asked.LAYERS * 20), NOW)
