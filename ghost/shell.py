"""What the commands take from a shell: who is there, and numbers exactly as they are written."""

from __future__ import annotations

import getpass
from decimal import Decimal, InvalidOperation

import click

from ghost.operations.asking import Person, Put
from signaltape.clock import utc_now

_LONGEST = 24


class DecimalType(click.ParamType[Decimal]):
    """A number above 0, exactly as it is written."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Refuse what is no such number."""
        text = str(value)
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not (number.is_finite() and number > 0 and len(text) <= _LONGEST):
            self.fail(f"{text!r} is not a number above 0", param, ctx)
        return number


DECIMAL = DecimalType()


def a_person() -> Person:
    """Who is at the shell, now."""
    try:
        by = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        by = "shell"
    return Person(by, "shell", utc_now())


def say_asked(what: str, put: Put) -> None:
    """What was asked for, and whether it is on its way."""
    waits = "" if put.shipped else " (it waits in the journal until Redis is there)"
    click.echo(f"asked: {what} {put.id}{waits}")
