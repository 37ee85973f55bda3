"""What stands in an address or in a form, read or refused by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from web.http.problems import Problem

#: The longest text that is looked for.
LONGEST = 200
#: The largest id of a row.
_LARGEST = 2**63 - 1
_LONGEST_NUMBER = 19


def is_text(text: str) -> bool:
    """Whether Postgres can be asked for it."""
    return (
        len(text) <= LONGEST and "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
    )


def text_in(given: Mapping[str, object], name: str) -> str | None:
    """A short text; None without one. Raises Problem."""
    text = str(given.get(name, "")).strip()
    if not is_text(text):
        raise Problem(400, f"{name}: a text of at most {LONGEST} characters")
    return text or None


def day_in(given: Mapping[str, object], name: str) -> date | None:
    """A day such as 2022-01-17; None without one. Raises Problem."""
    text = str(given.get(name, ""))
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Problem(400, f"{name}: a day such as 2022-01-17") from None
    if not 1970 <= day.year <= 2199:
        raise Problem(400, f"{name}: a day of the years 1970 to 2199")
    return day


def number_in(given: Mapping[str, object], name: str, least: int = 0, most: int = _LARGEST) -> int | None:
    """A whole number; None without one. Raises Problem."""
    text = str(given.get(name, ""))
    if not text:
        return None
    number = number_of(text)
    if number is None or not least <= number <= most:
        raise Problem(400, f"{name}: a number from {least} to {most}")
    return number


def one_in(given: Mapping[str, object], name: str, known: Sequence[str]) -> str | None:
    """One of a few words; None without one. Raises Problem."""
    text = str(given.get(name, ""))
    if text and text not in known:
        raise Problem(400, f"{name}: one of {', '.join(known)}")
    return text or None


def number_of(text: str) -> int | None:
    """A number of a row; None if the text is none."""
    plain = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain and int(text) <= _LARGEST else None
