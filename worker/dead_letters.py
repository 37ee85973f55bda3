"""`python -m worker dead-letters`: list, show, requeue, drop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
import redis

from consumer.partitions import keys_beyond
from signaltape.clock import as_aware, show, show_bare
from signaltape.errors import SettingsError
from signaltape.redis_client import redis_client
from signaltape.settings import Settings
from signaltape.stream import FIELD_FIRST_ENTRY_ID
from signaltape.terminal import NOTHING_TO_DO, Screen, left, print_json, right
from sink import dead_letters as letters
from sink.db import Connection, DatabaseError, connect, database_url, one_line
from worker.arguments import TEXT, json_option

_FILTERS = (
    click.option("--event", type=TEXT, help="Only this event."),
    click.option("--reason", type=TEXT, help="Only reasons that contain this text."),
    click.option("--since", type=click.DateTime(), help="Only entries from this WIB time on."),
    click.option("--until", type=click.DateTime(), help="Only entries before this WIB time."),
)


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group(name="dead-letters")
def dead_letters() -> None:
    """Entries that could not become events: look at them, send them through again, drop them."""


@dead_letters.command(name="list")
@_filtered
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Show so many at most.")
@json_option
def list_command(limit: int, as_json: bool, **filters: Any) -> None:
    """List dead letters, newest first, and count them by reason."""
    which = _which(**filters)
    with _session() as (_, connection):
        counts = letters.counts(connection, which)
        rows = letters.listed(connection, which, limit)
    if as_json:
        print_json({"counts": counts, "letters": rows})
    else:
        _show_list(Screen(), counts, rows)


@dead_letters.command(name="show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (bytes that are no text as base64).")
def show_command(number: int, as_json: bool) -> None:
    """Show one dead letter with its bytes."""
    with _session() as (_, connection):
        row = letters.whole(connection, number)
    if row is None:
        raise click.ClickException(f"there is no dead letter {number}")
    fields = {_text(name): _text(value) for name, value in row.pop("fields").items()}
    shown = {**row, "raw": row["raw"] if as_json and not _is_text(row["raw"]) else _text(row["raw"])}
    if as_json:
        print_json({**shown, "fields": fields})
        return
    screen = Screen()
    screen.block(
        [
            *((name, shown[name]) for name in ("id", "stream", "entry_id", "event", "reason")),
            ("time", show(row["entry_ts"])),
            *(("field", f"{name} = {value}") for name, value in fields.items()),
            ("data", shown["raw"]),
        ]
    )
    screen.next(f"after a fix: python -m worker dead-letters requeue {number}; for good: drop {number}")


@dead_letters.command()
@_filtered
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All letters that match the filters.")
def requeue(ids: tuple[int, ...], everything: bool, **filters: Any) -> None:
    """Put letters back into their stream, for example after a fix. What is an event now lands once.

    An entry without a time keeps the time of its first arrival, a record without an id its identity.
    """
    which = _chosen(ids, everything, filters)
    with _session() as (settings, connection):
        if settings.redis_url is None:
            raise click.UsageError("REDIS_URL is not set: export REDIS_URL=redis://host:6379/0")
        client: Any = redis_client(settings.redis_url)
        try:
            refused: list[str] = []
            done = letters.take_all(
                connection, which, lambda few: _add_again(client, settings.stream, few, refused)
            )
        except (redis.RedisError, OSError) as error:
            raise click.ClickException(f"Redis: {error} (the letters stay)") from None
        finally:
            client.close()
    click.echo(f"requeued {done} letter(s)")
    if refused:
        raise click.ClickException(f"{refused[0]} ({len(refused)} letters stay)")


@dead_letters.command()
@_filtered
@click.argument("ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All letters that match the filters.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(ids: tuple[int, ...], everything: bool, yes: bool, **filters: Any) -> None:
    """Delete letters for good."""
    which = _chosen(ids, everything, filters)
    if not yes:
        click.confirm("Delete these dead letters for good?", abort=True)
    with _session() as (_, connection):
        done = letters.take_all(connection, which, lambda few: few)
    click.echo(f"dropped {done} letter(s)")


def _add_again(
    client: Any, stream: str, few: Sequence[letters.Letter], refused: list[str]
) -> list[letters.Letter]:
    """Add letters to their partitions of a stream; returns those that went. Why others did not goes to `refused`."""
    read = set(keys_beyond(stream, 0))
    going = [letter for letter in few if letter.stream in read]
    refused += [
        f"SIGNALTAPE_STREAM={stream} has no partition {one.stream}" for one in few if one.stream not in read
    ]
    with client.pipeline(transaction=False) as pipe:
        for letter in going:
            pipe.xadd(letter.stream, _as_it_came(letter))
        answers = pipe.execute(raise_on_error=False)
    refused += [f"Redis: {answer}" for answer in answers if isinstance(answer, Exception)]
    return [
        letter for letter, answer in zip(going, answers, strict=True) if not isinstance(answer, Exception)
    ]


def _as_it_came(letter: letters.Letter) -> dict[bytes, bytes]:
    """The entry's fields, and the id that it first had: else the time and, of a record, the identity would be new."""
    return {FIELD_FIRST_ENTRY_ID: letter.entry_id.encode(), **letter.fields}


def _chosen(ids: tuple[int, ...], everything: bool, filters: dict[str, Any]) -> letters.Filter:
    which = _which(**filters)
    if not ids and not everything and which == letters.Filter():
        raise click.UsageError("say which: ids, a filter, or --all")
    return which._replace(ids=list(ids) or None)


def _which(
    event: str | None, reason: str | None, since: datetime | None, until: datetime | None
) -> letters.Filter:
    return letters.Filter(
        event, reason, as_aware(since) if since else None, as_aware(until) if until else None
    )


@contextmanager
def _session() -> Iterator[tuple[Settings, Connection]]:
    try:
        settings = Settings.from_env()
        with connect(database_url(settings), name="signaltape-dead-letters") as connection:
            yield settings, connection
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except DatabaseError as error:
        raise click.ClickException(f"Postgres: {one_line(error)}") from None


def _show_list(screen: Screen, counts: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    if not counts:
        screen.say("no dead letters", "good")
        screen.next(NOTHING_TO_DO)
        return
    total = sum(one["letters"] for one in counts)
    screen.say(
        f"dead letters: {total}{f', the newest {len(rows)} of them below' if total > len(rows) else ''}",
        "warn",
    )
    screen.table(
        (right("letters"), left("event")),
        [(one["letters"], one["event"]) for one in counts],
        [one["reason"] for one in counts],
    )
    screen.table(
        (right("id"), left("time, WIB"), left("entry"), left("event"), right("bytes")),
        [
            (row["id"], show_bare(row["entry_ts"]), row["entry_id"], row["event"], row["raw_bytes"])
            for row in rows
        ],
        [row["reason"] for row in rows],
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
