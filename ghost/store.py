"""Ghosts in Postgres: read once at the start, written with the place on the tape in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ghost.commands import us_of
from ghost.done import Done, Row, moment
from ghost.ghosts import Ghosts, Known
from ghost.held import Held, HeldLine, Whose
from ghost.model.book import Book
from ghost.model.held import load_order
from ghost.model.lines import Line
from ghost.recent import Recent
from ghost.settings import ROOM, GhostSettings
from signaltape.emitter import Emitter
from signaltape.failpoints import failpoint
from sink.db import Connection
from sink.outgoing import Committing
from sink.queries import load

SQL = load(Path(__file__).parent / "sql" / "state.sql")


class Overtaken(Exception):
    """Another ghost has committed meanwhile: what is known here is old."""


class Store:
    """The tables, over one session."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def lead(self) -> bool:
        """Whether this session is the one ghost of the database now, until it ends."""
        row = self.connection.execute(SQL["lead"]).fetchone()
        return bool(row and row[0])

    def say_alive(self) -> None:
        """Ask for nothing: the server ends the session of who hangs. Raises DatabaseError."""
        self.connection.execute(SQL["alive"])

    def positions(self) -> dict[str, str]:
        """How far each partition was read."""
        return dict(self.connection.execute(SQL["positions"]).fetchall())

    def load(self, settings: GhostSettings, paused: Callable[[], bool]) -> Ghosts:
        """All that has not ended, as it was committed last."""
        orders = self.connection.execute(SQL["orders"]).fetchall()
        lines = self.connection.execute(SQL["lines"]).fetchall()
        symbols = self.connection.execute(SQL["symbols"]).fetchall()
        numbers = self.connection.execute(SQL["numbers"]).fetchone()
        assert numbers is not None
        states = {symbol: state for symbol, state, _ in symbols if state is not None}
        return Ghosts(
            settings,
            Book.load(settings.rules, [row[1] for row in orders], [row[1] for row in lines], states),
            Recent({symbol: latest_us for symbol, _, latest_us in symbols}),
            held={row[0]: _held(row) for row in orders},
            lines={row[0]: _held_line(row) for row in lines},
            numbers=(numbers[0], numbers[1]),
            clock_us=numbers[2],
            paused=paused,
        )

    def lack_bars(self) -> None:
        """Say of all orders that have not ended that bars were gone before they were read."""
        self.connection.execute(SQL["lack_bars"])

    def known(self, ids: Iterable[str]) -> Known:
        """Which of these orders and lines there were ever."""
        wanted = list(ids)
        if not wanted:
            return set()
        return set(self.connection.execute(SQL["known"], {"ids": wanted}).fetchall())

    def commit(
        self,
        done: Done,
        latest: Mapping[str, int],
        was: Mapping[str, str],
        now: Mapping[str, str],
        tape: Emitter,
    ) -> None:
        """Write what was done and how far the tape was read. Raises Overtaken, and writes nothing, if others were.

        latest: where the latest bar of each symbol began.
        """
        with self.connection.transaction():
            self._move(was, now)
            with self.connection.pipeline():
                self._write(done, latest)
                self._say(done, tape)
            failpoint("ghost.before_commit")
        failpoint("ghost.after_commit")

    def _move(self, was: Mapping[str, str], now: Mapping[str, str]) -> None:
        """All of them, also where nothing came: who commits from another place knows another past."""
        for key in now:
            if key not in was:
                self.connection.execute(SQL["begin_position"], {"stream": key})
        places = {
            "streams": list(now),
            "was": [was.get(key, "0-0") for key in now],
            "now": list(now.values()),
        }
        if self.connection.execute(SQL["move_positions"], places).rowcount != len(now):
            raise Overtaken

    def _write(self, done: Done, latest: Mapping[str, int]) -> None:
        states = done.order_states
        self._many("put_order", (_with_state(row, states) for row in done.new_orders.values()))
        self._many("change_order", (_with_state(row, states) for row in done.orders.values()))
        self._many("keep_order", _kept(states, {*done.new_orders, *done.orders}))
        self._many("put_fill", done.fills)
        self._many("put_line", (_line_with_state(row, done.line_states) for row in done.new_lines.values()))
        self._many("end_line", done.lines.values())
        self._many("keep_line", _kept(done.line_states, {*done.new_lines, *done.lines}))
        self._many("put_symbol", _symbols(done, latest))
        if done.clock_us is not None:
            self.connection.execute(SQL["put_clock"], {"at_us": done.clock_us})

    def _many(self, name: str, rows: Iterable[Row]) -> None:
        for row in rows:
            self.connection.execute(SQL[name], row)

    def _say(self, done: Done, tape: Emitter) -> None:
        committing = Committing(self.connection, tape, ROOM)
        for said in done.said:
            at = moment(said.at_us)
            assert at is not None
            if said.event:
                committing.event(said.name, ts=at, **said.fields)
            else:
                committing.record(said.name, timestamp=at, **said.fields)


def _with_state(row: Row, states: Mapping[str, bytes | None]) -> Row:
    return {**row, "state": states.get(row["order_id"])}


def _line_with_state(row: Row, states: Mapping[str, bytes | None]) -> Row:
    return {**row, "state": states.get(row["line_id"])}


def _kept(states: Mapping[str, bytes | None], told: set[str]) -> list[Row]:
    return [
        {"id": one, "state": state} for one, state in states.items() if one not in told and state is not None
    ]


def _symbols(done: Done, latest: Mapping[str, int]) -> list[Row]:
    return [
        {
            "symbol": symbol,
            "state": done.symbols.get(symbol),
            "same": symbol not in done.symbols,
            "latest_us": latest.get(symbol, -1),
        }
        for symbol in sorted({*done.seen, *done.symbols})
    ]


def _held(row: tuple[Any, ...]) -> Held:
    _, state, source, tracked, *whose, fill = row
    plan = load_order(state).order.plan
    return Held(plan=plan, source=source, tracked=tracked, whose=_whose(whose), fill=fill)


def _held_line(row: tuple[Any, ...]) -> HeldLine:
    line_id, _, symbol, price, direction, set_at, expires_at, order_id, label, *whose = row
    line = Line(
        line_id=line_id,
        symbol=symbol,
        price=price,
        direction=direction,
        set_us=us_of(set_at),
        expires_us=_us(expires_at),
    )
    return HeldLine(line=line, whose=_whose(whose), order_id=order_id, label=label)


def _whose(columns: list[Any]) -> Whose:
    by, chat_id, thread_id, user_id, signal_id, ref_id = columns
    return Whose(
        by=by, chat_id=chat_id, thread_id=thread_id, user_id=user_id, signal_id=signal_id, ref_id=ref_id
    )


def _us(moment_given: datetime | None) -> int | None:
    return None if moment_given is None else us_of(moment_given)
