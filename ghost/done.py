"""What a stretch of the tape came to: rows to be written and things to be told, collected until they are committed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from ghost.held import HeldLine
from ghost.model.book import Unsaved
from ghost.model.changes import Exited, Filled
from ghost.model.result import Result
from ghost.placing import Wanted, plan_json
from ghost.told.said import Said

Row = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at_us: int | None) -> datetime | None:
    """A time of the model as Postgres takes it."""
    return None if at_us is None else _EPOCH + timedelta(microseconds=at_us)


class Done:
    """Rows by their key, the last state of each; fills and what is told in their order."""

    def __init__(self) -> None:
        self.new_orders: dict[str, Row] = {}
        self.orders: dict[str, Row] = {}
        self.fills: list[Row] = []
        self.new_lines: dict[str, Row] = {}
        self.lines: dict[str, Row] = {}
        self.said: list[Said] = []
        self.order_states: dict[str, bytes | None] = {}
        self.line_states: dict[str, bytes | None] = {}
        self.symbols: dict[str, bytes | None] = {}
        #: symbols of which something was seen
        self.seen: set[str] = set()
        #: steps of the clock, if it went on
        self.clock_us: int | None = None

    def order_is_new(self, wanted: Wanted, number: int, *, late: bool) -> None:
        """An order is there; until it is said otherwise it waits."""
        asked = wanted.asked
        self.new_orders[asked.order_id] = {
            "order_id": asked.order_id,
            "number": number,
            "symbol": asked.symbol,
            "side": asked.side,
            "source": wanted.source,
            "tracked": wanted.tracked,
            **structs.asdict(wanted.whose),
            "plan": plan_json(asked),
            "late": late,
            "published_at": moment(asked.published_us),
            "expires_at": moment(asked.expires_us),
            "risk_usd": asked.risk_usd,
            **result_row(Result(status="waiting"), wanted.at_us),
            "reason": None,
        }

    def order_is_refused(self, wanted: Wanted, number: int, reason: str) -> None:
        """An order is not followed."""
        self.order_is_new(wanted, number, late=False)
        ended = {"status": "refused", "reason": reason, "ended_at": moment(wanted.at_us)}
        self.new_orders[wanted.asked.order_id].update(ended)

    def order_is(self, order_id: str, result: Result, at_us: int, reason: str | None = None) -> None:
        """Where an order stands now."""
        row = {"order_id": order_id, **result_row(result, at_us), "reason": reason}
        if order_id in self.new_orders:
            self.new_orders[order_id].update(row)
        else:
            self.orders[order_id] = row

    def fill(self, change: Filled | Exited) -> None:
        """A part was filled, in or out."""
        self.fills.append(
            {
                "order_id": change.order_id,
                "seq": change.seq,
                "world": change.world if isinstance(change, Exited) else "both",
                "kind": change.kind if isinstance(change, Exited) else "entry",
                "price": change.price,
                "fraction": change.fraction,
                "fee_r": change.fee_r,
                "at": moment(change.at_us),
            }
        )

    def line_is_new(self, held: HeldLine, number: int) -> None:
        """A line is there; until it is said otherwise it is watched."""
        line = held.line
        self.new_lines[line.line_id] = {
            "line_id": line.line_id,
            "number": number,
            "symbol": line.symbol,
            "price": line.price,
            "direction": line.direction,
            "order_id": held.order_id,
            "label": held.label,
            **structs.asdict(held.whose),
            "set_at": moment(line.set_us),
            "expires_at": moment(line.expires_us),
            "status": "set",
            "reason": None,
            "ended_at": None,
            "rung_at": None,
            "seen": None,
        }

    def line_is(
        self, line_id: str, status: str, at_us: int, seen: Any = None, reason: str | None = None
    ) -> None:
        """A line has ended."""
        at = moment(at_us)
        rung_at = at if status == "rung" else None
        row = {"line_id": line_id, "status": status, "ended_at": at, "rung_at": rung_at, "seen": seen}
        if line_id in self.new_lines:
            self.new_lines[line_id].update(row, reason=reason)
        else:
            self.lines[line_id] = row

    def keep(self, unsaved: Unsaved) -> None:
        """What the book wants stored."""
        self.order_states.update(unsaved.orders)
        self.line_states.update(unsaved.lines)
        self.symbols.update(unsaved.symbols)


def result_row(result: Result, at_us: int) -> Row:
    """The columns of an order that its result fills."""
    return {
        "status": result.status,
        "filled_at": moment(result.filled_at_us),
        "ended_at": moment(result.ended_at_us),
        "fill": result.fill_price,
        "exit_reason": result.exit_reason,
        "rr_realized": result.rr_realized,
        "rr_best": result.rr_best,
        "fees_r": result.fees_r,
        "mfe_r": result.mfe_r,
        "mae_r": result.mae_r,
        "pnl_usd": result.pnl_usd,
        "pnl_pct": result.pnl_pct,
        "bad_bars": result.bad_bars,
        "late_bars": result.late_bars,
        "updated_at": moment(at_us),
    }
