"""Messages of each shape, to look at how a phone shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from outbox.keyboard import Button, Keyboard
from outbox.lines import COLUMNS
from outbox.marking import marked
from outbox.preview.shown import Shown
from outbox.text import Text, TextBuilder

_REF = "ib_20220118_1402_SOL"
_LINKS = [
    Button("Heatmap", url="https://example.com/heatmap/SOL"),
    Button("Orderbook", url="https://example.com/orderbook/SOL"),
]
_CLICKS = [
    Button("👍", data=f"a:{_REF}:up"),
    Button("👎", data=f"a:{_REF}:dn"),
    Button("⏸ 30m", data=f"a:{_REF}:sn30"),
]
_CLICKED = [Button("👍 ✓", data=f"a:{_REF}:up"), *_CLICKS[1:]]


def samples() -> list[Shown]:
    """All of them, what comes most often first."""
    return list(_samples())


def _samples() -> Iterator[Shown]:
    alert, followed = _alert(None), _alert("✅ closed +1.65 R in 15 min")
    yield _shown("an alert", alert, [_LINKS, _CLICKS])
    yield _shown("the same, followed and clicked", followed, [_LINKS, _CLICKED], edited=True)
    yield _shown("the same, sent without an answer before", marked(alert, _REF), [_LINKS, _CLICKS])
    yield _shown("its JSON", _json(), silent=True, reply_to=alert.text)
    yield _shown("an answer with a panel", _status(), [[Button("⟳ Refresh", data="p:status:")]], topic="desk")
    yield _shown(
        "one that asks", _panic(), [[Button("Yes, pause", data="c:1:yes"), Button("No", data="c:1:no")]]
    )
    yield _shown("a report", _report())
    yield _shown("all kinds of formatting", _formatted())
    yield _shown("what is no markup", Text("<b>bold?</b> &amp; <script>alert(1)</script> *_[]()`"))


def _shown(name: str, text: Text, keyboard: Keyboard | None = None, **more: object) -> Shown:
    return Shown(text.text, text.entities, keyboard or [], name=name, **more)  # type: ignore[arg-type]


def _alert(life: str | None) -> Text:
    text = TextBuilder().line("🟢 LONG SOL · 74 %", "bold").line("Liquidity sweep, reclaim of 141.2")
    text.line().line("Entry 141.20 – 141.60").line("SL 139.90 (−1.1%)").line("TP1 143.60 · TP2 146.00")
    text.line("base 1.0% × mult 1.3 × vol 1.1 = 1.43%").line("Next: cek SOL (5m)")
    text.line("valid until 14:47").add("ref: ").line(_REF, "code")
    return (text.line().line(life, "bold") if life else text).build()


def _json() -> Text:
    lines = ['{"category": "institutional",', ' "symbol": "SOL-USDT-SWAP",', ' "entry": 141.4, "sl": 139.9,']
    return TextBuilder().add("\n".join([*lines, f' "refId": "{_REF}"}}']), "pre").build()


def _status() -> Text:
    text = TextBuilder().line("running since Tue 18 Jan 08:00 WIB", "bold")
    rows = [("engine", "0.2 s"), ("worker", "0.4 s"), ("sender", "1.1 s"), ("archiver", "0.3 s")]
    text.line("\n".join(f"{name:<{COLUMNS - 6}}{seen:>6}" for name, seen in rows), "pre")
    return text.line("17 signals today, 11 closed, +2.40 R").build()


def _panic() -> Text:
    text = TextBuilder().line("Pause every process?", "bold")
    return (
        text.line("10 processes, 3 open signals. Stops stay where they are.").line("30 s to answer").build()
    )


def _report() -> Text:
    text = TextBuilder().line("📊 Scorecard 2022-W03 · ⏳ NOT ENOUGH DATA", "bold")
    text.line("17–23 Jan WIB · 222 signals, 157 closed")
    text.line("<0.50       0.667   n=3\n0.50-0.59   0.357   n=14\n0.60-0.69   0.347   n=49", "pre")
    inner = (
        TextBuilder().line("Layers", "bold").line("\n".join(f"layer {one}  +0.1{one} R" for one in range(9)))
    )
    return text.wrap(inner.build(), "expandable_blockquote").build()


def _formatted() -> Text:
    text = TextBuilder()
    for kind in ("bold", "italic", "underline", "strikethrough", "code", "spoiler", "unheard_of"):
        text.line(f"{kind} 📈", kind)
    inner = TextBuilder().add("a quote with ").add("bold", "bold").add(" in it").build()
    return text.wrap(inner, "blockquote").line().line("and what follows").build()
