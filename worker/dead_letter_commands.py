"""`python -m worker dead-letters`: list, show, requeue, drop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
import msgspec

from signaltape.clock import as_aware, show, show_bare
from signaltape.settings import Settings
from signaltape.terminal import NOTHING_TO_DO, Screen, left, print_json, right
from sink.command_line import TEXT, PlainGroup, json_option
from sink.dead_letters import Filter, WholeLetter
from worker import operations
from worker.operations import LetterPage

_FILTERS = (
    click.option("--event", type=TEXT, help="Only this event."),
    click.option("--reason", type=TEXT, help="Only reasons that contain this text."),
    click.option("--text", type=TEXT, help="Only entries whose data contains this text."),
    click.option("--stream", type=TEXT, help="Only entries of this stream, such as signaltape:{0}."),
    click.option("--since", type=click.DateTime(), help="Only entries from this WIB time on."),
    click.option("--until", type=click.DateTime(), help="Only entries before this WIB time."),
)


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group(name="dead-letters", cls=PlainGroup)
def dead_letters() -> None:
    """Entries that could not become events: look at them, send them through again, drop them."""


@dead_letters.command(name="list")
@_filtered
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Show so many at most.")
@json_option
def list_command(limit: int, as_json: bool, **filters: Any) -> None:
    """List dead letters, newest first, and count them by reason."""
    page = operations.list_dead_letters(Settings.from_env(), _which(**filters), limit=limit)
    if as_json:
        print_json({"counts": page.counts, "letters": page.letters})
    else:
        _show_list(Screen(), page)


@dead_letters.command(name="show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (bytes that are no text as base64).")
def show_command(number: int, as_json: bool) -> None:
    """Show one dead letter with its bytes."""
    letter = operations.show_dead_letter(Settings.from_env(), number)
    if as_json:
        print_json(_as_document(letter))
    else:
        _show_letter(Screen(), letter)


@dead_letters.command()
@_filtered
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All letters that match the filters.")
def requeue(ids: tuple[int, ...], everything: bool, **filters: Any) -> None:
    """Put letters back into their stream, for example after a fix. What is an event now lands once.

    An entry without a time keeps the time of its first arrival, a record without an id its identity.
    """
    which = _which(ids, **filters)
    done = operations.requeue_dead_letters(Settings.from_env(), which, everything=everything)
    click.echo(f"requeued {done.requeued} letter(s)")
    if done.refused:
        raise click.ClickException(f"{done.refused[0]} ({len(done.refused)} letters stay)")


@dead_letters.command()
@_filtered
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All letters that match the filters.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(ids: tuple[int, ...], everything: bool, yes: bool, **filters: Any) -> None:
    """Delete letters for good."""
    which = _which(ids, **filters)
    operations.refuse_no_choice(which, everything=everything)
    if not yes:
        click.confirm("Delete these dead letters for good?", abort=True)
    done = operations.drop_dead_letters(Settings.from_env(), which, everything=everything)
    click.echo(f"dropped {done} letter(s)")


def _which(
    ids: tuple[int, ...] = (),
    *,
    event: str | None,
    reason: str | None,
    since: datetime | None,
    until: datetime | None,
    stream: str | None,
    text: str | None,
) -> Filter:
    return Filter(
        event,
        reason,
        as_aware(since) if since else None,
        as_aware(until) if until else None,
        list(ids) or None,
        stream,
        text,
    )


def _as_document(letter: WholeLetter) -> dict[str, Any]:
    """Bytes that are text as text; `data` that is none stays bytes."""
    raw = _text(letter.raw) if _is_text(letter.raw) else letter.raw
    return {**msgspec.structs.asdict(letter), "raw": raw, "fields": _fields(letter)}


def _show_letter(screen: Screen, letter: WholeLetter) -> None:
    screen.block(
        [
            *((name, getattr(letter, name)) for name in ("id", "stream", "entry_id", "event", "reason")),
            ("time", show(letter.entry_ts)),
            *(("field", f"{name} = {value}") for name, value in _fields(letter).items()),
            ("data", _text(letter.raw)),
        ]
    )
    screen.next(f"after a fix: python -m worker dead-letters requeue {letter.id}; for good: drop {letter.id}")


def _fields(letter: WholeLetter) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in letter.fields.items()}


def _show_list(screen: Screen, page: LetterPage) -> None:
    rows, total = page.letters, page.total
    if not total:
        screen.say("no dead letters", "good")
        screen.next(NOTHING_TO_DO)
        return
    screen.say(
        f"dead letters: {total}{f', the newest {len(rows)} of them below' if total > len(rows) else ''}",
        "warn",
    )
    screen.table(
        (right("letters"), left("event")),
        [(one.letters, one.event) for one in page.counts],
        [one.reason for one in page.counts],
    )
    screen.table(
        (right("id"), left("time, WIB"), left("entry"), left("event"), right("bytes")),
        [(row.id, show_bare(row.entry_ts), row.entry_id, row.event, row.raw_bytes) for row in rows],
        [row.reason for row in rows],
    )
    screen.next("python -m worker dead-letters show ID; after a fix: requeue; for good: drop")


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
