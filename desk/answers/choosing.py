"""The symbols that an answer is about: the one that was asked for, or all of which there is something to choose."""

from __future__ import annotations

from collections.abc import Sequence

from desk.alerts.coins import coin_of
from desk.answers.answering import button, rows_of
from desk.answers.page import Page, name
from desk.answers.reading import Reading
from desk.answers.symbols import in_button, meant
from desk.asking import Answer
from outbox.keyboard import Button, Keyboard

#: So many symbols are looked through, and so many of them are offered as buttons.
MOST, OFFERED = 500, 12
#: Of all markets that there are bars of.
MOST_MARKETS = 20_000
_BUTTON_WIDE = 12


def symbols_of(read: Reading, word: str) -> list[str]:
    """The symbols of signals that a word means; none if there are none."""
    known = [row["symbol"] for row in read.rows("symbols", most=MOST)]
    return meant(word, known) or [row["symbol"] for row in read.rows("same", word=word)]


def offered(command: str, symbols: Sequence[str]) -> Keyboard:
    """A button for each symbol, named by its coin where that says which."""
    some = symbols[:OFFERED]
    return rows_of([_offer(command, symbol, some) for symbol in some])


def _offer(command: str, symbol: str, among: Sequence[str]) -> Button:
    return button(called(symbol, among), command, in_button(symbol))


def called(symbol: str, among: Sequence[str]) -> str:
    """A symbol's coin, where no other of them is of the same; else itself."""
    coin = coin_of(symbol)
    alone = sum(coin_of(other) == coin for other in among) == 1
    return name(coin if alone else symbol, _BUTTON_WIDE)


def unknown(command: str, word: str, read: Reading) -> Answer:
    """There is no signal of it: what there is instead."""
    known = [row["symbol"] for row in read.rows("symbols", most=MOST)]
    page = Page(f"/{command} · no such symbol").line(f"No signal of {name(word, 20)} is stored.")
    return Answer(page.line(there_are(known)).build(), offered(command, known) or None)


def there_are(known: Sequence[str]) -> str:
    """What to say above the buttons, or where there are none."""
    return "There are, newest first:" if known else "No signal is stored at all: see /status."
