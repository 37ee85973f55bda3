"""What the desk's answers are made of, in tests: signals, records, processes; ordinary, long and hostile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from consumer.group_status import ConsumerStatus, PartitionStatus
from desk.answers.alpha import Alpha, Layer, Snapshot
from desk.answers.facts import facts
from desk.answers.ghosts import Ghost, Ghosts, Sum
from desk.answers.held import Held, HeldAlert, Snooze
from desk.answers.plan import Plan
from desk.answers.pnl import Part, Profits
from desk.answers.risk import Risk
from desk.answers.sniper import Sniper
from desk.answers.status import Flow, Status, Stored
from desk.policy.sizing import SizingRules
from signaltape.clock import WIB
from signaltape.control import Control, Process, Standing

NOW = datetime(2025, 9, 15, 14, 2, 51, tzinfo=WIB)
NOW_MS = int(NOW.timestamp() * 1000)
D = Decimal
#: What an engine may call a symbol.
NAMES = {
    "plain": "SOL-USDT-SWAP",
    "markup": "<b>SOL</b>&amp;*_[x](http://y)",
    "right to left": "\u202eسولانا-USDT",
    "64": "W" * 64,
    "128": "\N{FIRE}" * 128,
    "lines": "SOL\n/panic\tUSDT",
    "wide": "\u6bd4\u7279\u5e01" * 20,
    "nothing seen": "\u200b\u2066",
}


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def plan(symbol: str = "SOL-USDT-SWAP", minutes_ago: float = 7, **changes: Any) -> Plan:
    given: dict[str, Any] = {
        "signal_id": "0198a3c4-5f2e-7d31-9b1c-3a5f7c9e1b2d",
        "symbol": symbol,
        "side": "long",
        "rules_version": "analysis-mode-1.2",
        "score": D("0.82"),
        "rr_target": D("1.9"),
        "ts_published": ago(minutes_ago),
        "expiry_minutes": 30,
        "setup": "sniper-pullback",
        "timeframe": "5m",
        "ref_id": "snp_20250915_1355_SOL",
        "entry_low": D("221.5"),
        "entry_high": D("222.3"),
        "sl": D("219.8"),
        "tp": D("226.1"),
        "tp2": D("229.4"),
        "atr_pct": D("0.88"),
    }
    return Plan(**{**given, **changes})


#: What an engine need not say.
_NOT_SAID: dict[str, Any] = dict.fromkeys(
    ("entry_low", "entry_high", "sl", "tp", "tp2", "atr_pct", "setup", "ref_id")
)
#: A signal in each of its states.
LIVES = {
    "open": plan(),
    "in trade": plan(ts_triggered=ago(3), entry_fill=D("222.1")),
    "closed": plan(
        minutes_ago=90, ts_triggered=ago(80), ts_closed=ago(65), rr_realized=D("1.65"), exit_reason="tp"
    ),
    "lost": plan(minutes_ago=90, side="short", ts_closed=ago(65), rr_realized=D("-1"), exit_reason="sl"),
    "stopped": plan(minutes_ago=90, ts_invalidated=ago(70), reason="sl"),
    "expired": plan(minutes_ago=90, ts_invalidated=ago(60), reason="expiry"),
    "not said": plan(minutes_ago=90),
    "bad data": plan(data_quality="bad"),
    "degraded": plan(degraded=True),
    "bare": plan(**_NOT_SAID),
}
LAYERS = [
    Layer("smc", True, D("0.3")),
    Layer("trend", False, D("0.25")),
    Layer("volume", True, D("0.2")),
    Layer("regime", True, D("0.15")),
    Layer("news\tfeed", False, None),
]
SNAPSHOTS = [
    Snapshot("regime", ago(0.2), facts('{"symbol":"SOL-USDT","regime":"TREND_UP","adx":31.25}')),
    Snapshot("scoring", ago(1), facts('{"score":0.71,"scores":{"smc":0.5,"trend":0.125},"ok":true}')),
]


def alpha(symbol: str = "SOL-USDT-SWAP", life: str = "open") -> Alpha:
    one = LIVES[life]
    return Alpha(
        symbol,
        Plan(**{**{f: getattr(one, f) for f in one.__struct_fields__}, "symbol": symbol}),
        LAYERS,
        SNAPSHOTS,
    )


def sniper(symbol: str = "SOL-USDT-SWAP", life: str = "open", equity: str | None = "10000") -> Sniper:
    one = alpha(symbol, life).plan
    assert one is not None
    return Sniper(symbol, [one], Risk(D("1.0"), None if equity is None else D(equity)), SizingRules())


def process(role: str, seen_ms: int = 400, epoch: int = 5, **changes: Any) -> Process:
    given: dict[str, Any] = {
        "name": f"{role}@host-1:4711",
        "role": role,
        "host": "host-1",
        "pid": 4711,
        "version": "0.9.0",
    }
    return Process(
        **{
            **given,
            "seen_ms": NOW_MS - seen_ms,
            "started_ms": NOW_MS - 11_520_000,
            "epoch": epoch,
            "state": "running",
            **changes,
        }
    )


RUNNING = Control(state="running", epoch=5, by="ana", why="news is over", at_ms=NOW_MS - 11_520_000)
PAUSED = Control(state="paused", epoch=6, by="ana", why="CPI\nat 19:30", at_ms=NOW_MS - 600_000)
ROLES = ("engine", "worker", "archiver", "reports", "web", "desk")
WELL = Standing(RUNNING, [process(role) for role in ROLES], NOW_MS)
CROWD = Standing(PAUSED, [process(f"engine{n}", 400 + 9_000 * (n % 2), n % 7) for n in range(40)], NOW_MS)
PARTITION = PartitionStatus(
    "signaltape:{0}", False, 12_345, 2**20, 0, 0.0, 12, 0.2, 0, [ConsumerStatus("w", 12, 4)]
)


def status(*, paused: bool = False, lag_s: float = 0.4, away: str = "", **messages: int) -> Status:
    control = PAUSED if paused else RUNNING
    behind = PartitionStatus("signaltape:{0}", False, 12_345, 2**20, 7, lag_s, 12, lag_s)
    flow = Flow(control, WELL.processes, NOW_MS, [behind], ago(0.05))
    ages = {"published": ago(7), "triggered": ago(3), "invalidated": None, "closed": ago(65)}
    counted = {"waiting": 0, "overdue": 0, "failed": 0, "uncertain": 0, "expired": 0, "sent": 14, **messages}
    stored = Stored(ages, 0, counted, {"sent": 9, "held": 3})
    return Status(None if away else flow, stored, {"Redis": away} if away else {})


def part(age: int, symbol: str) -> Part:
    day = (NOW - timedelta(days=age)).date()
    net = None if age == 3 else D("0.9") - age
    return Part(
        day=day, symbol=symbol, n=4, won=2, gross=D("1.20") - age, net=net, n_net=0 if net is None else 4
    )


def profits(
    days: int = 7, equity: str | None = "10000", symbols: Sequence[str] = ("SOL-USDT-SWAP", "BTC-PERP")
) -> Profits:
    parts = [part(age, symbol) for age in range(days) for symbol in symbols]
    return Profits(days, parts, 2, Risk(D("1.0"), None if equity is None else D(equity)))


def held_alert(number: int, reason: str = "budget", **changes: Any) -> HeldAlert:
    given: dict[str, Any] = {
        "ref_id": f"ib_20250915_0733_SOL_{number}",
        "category": "institutional",
        "ts": ago(number * 5),
        "held_at": ago(number * 5),
        "reason": reason,
        "symbol": "SOL-USDT-SWAP",
        "side": "long",
        "detail": "1 in 5 min are sent",
    }
    return HeldAlert(**{**given, **changes})


HELD = Held(
    [
        held_alert(number, reason)
        for number, reason in enumerate(("budget", "min_rr", "snoozed", "stale") * 3)
    ],
    {"budget": 3, "min_rr": 3, "snoozed": 3, "stale": 3},
    [Snooze("", NOW + timedelta(minutes=25))],
)


def ghost(number: int, status: str = "open", **changes: Any) -> Ghost:
    given: dict[str, Any] = {
        "number": number,
        "symbol": "SOL-USDT-SWAP",
        "side": "long",
        "status": status,
        "source": "clicked",
        "by": "ana",
        "published_at": ago(90),
        "expires_at": ago(-20),
        "entry": D("222.1"),
        "sl": D("219.9"),
        "ref_id": "snp_20250915_1355_SOL",
    }
    if status in ("open", "closed"):
        given |= {"fill": D("222.1"), "filled_at": ago(80)}
    if status not in ("open", "waiting"):
        given["ended_at"] = ago(30)
    if status == "closed":
        given |= {
            "rr_realized": D("1.909"),
            "rr_best": D("1.909"),
            "exit_reason": "tp",
            "pnl_usd": D("190.9"),
        }
    return Ghost(**{**given, **changes})


def ghosts_of(some: Sequence[Ghost], **prices: str) -> Ghosts:
    """With the last prices of SOL and the like."""
    sums: dict[str, Sum] = {}
    for status in {one.status for one in some}:
        of = [one for one in some if one.status == status]
        r = [one.rr_realized for one in of if one.rr_realized is not None]
        money = [one.pnl_usd for one in of if one.pnl_usd is not None]
        sums[status] = Sum(
            status=status,
            n=len(of),
            rr=sum(r, D(0)),
            won=sum(one > 0 for one in r),
            usd=sum(money, D(0)),
            n_usd=len(money),
        )
    return Ghosts(some, sums, {name: D(price) for name, price in prices.items()})


GHOSTS = ghosts_of(
    [
        ghost(7),
        ghost(6, symbol="BTC-PERP", side="short", fill=D("64500"), sl=D("65100"), late=True),
        ghost(5, "waiting"),
        ghost(4, "closed"),
        ghost(3, "closed", rr_realized=D(-1), rr_best=D("1.5"), exit_reason="sl", pnl_usd=D(-100)),
        ghost(2, "expired"),
        ghost(1, "refused", reason="the stop of a long must be below its entry, got 223 and 222.1"),
    ],
    **{"SOL-USDT-SWAP": "223.2"},
)
