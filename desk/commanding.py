"""A command was sent: whether it is theirs, whether it comes too late, and whether it is asked about first."""

from __future__ import annotations

from collections.abc import Sequence

from desk.acting import STALE_AFTER, Acting, Outcome, say_line
from desk.ages import since
from desk.asking import Command
from desk.performing import do
from desk.questions import ASKED_FOR, ASKED_LATE, ask


def command(acting: Acting) -> Outcome:
    """What comes of a command."""
    name, *args = acting.heard.words
    wanted = acting.at.commands.get(name)
    if wanted is None:
        return _unknown(acting, name)
    if not acting.entry.may(wanted):
        return refuse(acting, wanted)
    if acting.heard.cut:
        return _answered(acting, f"too long: /{usage(wanted)}", "too long")
    return _asked_or_done(acting, wanted, args)


def usage(command: Command) -> str:
    """`risk [x]`."""
    return f"{command.name} {command.takes}".rstrip()


def refuse(acting: Acting, command: Command) -> Outcome:
    """A word to somebody with a role who asks for what is not theirs."""
    return _answered(
        acting, f"/{command.name} is not one of your commands ({acting.entry.role})", "not allowed"
    )


def ask_late(acting: Acting, wanted: Command, args: Sequence[str], what: str) -> Outcome:
    """Ask whether it shall be done now. what: the command and from when it is."""
    return ask(acting, wanted.name, f"{what}: do it now?", ASKED_LATE, {"args": list(args)})


def as_sent(command: Command, args: Sequence[str]) -> str:
    """`/risk 1.0`."""
    return " ".join([f"/{command.name}", *args])


def _asked_or_done(acting: Acting, wanted: Command, args: Sequence[str]) -> Outcome:
    sent_at = acting.heard.sent_at or acting.received_at
    if wanted.acts and acting.now - sent_at > STALE_AFTER:
        return ask_late(acting, wanted, args, f"{as_sent(wanted, args)} from {since(sent_at, acting.now)}")
    if wanted.confirms:
        return ask(acting, wanted.name, wanted.confirms, ASKED_FOR, {"args": list(args)})
    return do(acting, wanted, args)


def _unknown(acting: Acting, name: str) -> Outcome:
    """In a group it may be meant for another bot."""
    if not acting.heard.private and not acting.heard.named:
        return Outcome("ignored", "unknown command")
    return _answered(acting, f"/{name} is no command of this bot: /help lists them", "unknown command")


def _answered(acting: Acting, line: str, result: str) -> Outcome:
    say_line(acting, line)
    return Outcome("ignored", result)
