"""`python -m web keys`: create, list, revoke."""

from __future__ import annotations

import click

from signaltape.clock import show_bare
from signaltape.settings import Settings
from signaltape.terminal import Screen, left, print_json
from sink.command_line import TEXT, PlainGroup, json_option
from web import operations
from web.keys import SCOPES, ListedKey, NewKey


@click.group(name="keys", cls=PlainGroup)
def keys_commands() -> None:
    """Keys of the HTTP API: make one, list them, end one. Reads DATABASE_URL."""


@keys_commands.command()
@click.argument("name", type=TEXT)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=("read",),
    show_default=True,
    help="What it may; give it again for more.",
)
@json_option
def create(name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a key for NAME. It is shown once, now: only a hash of it is stored."""
    scopes = tuple(dict.fromkeys(scopes))
    made = operations.create_key(Settings.from_env(), name, scopes)
    if as_json:
        print_json({"key": made.text, "key_id": made.key_id, "name": name, "scopes": scopes})
    else:
        _show_new(Screen(), made, name, scopes)


@keys_commands.command(name="list")
@json_option
def list_command(as_json: bool) -> None:
    """List the keys, also those that were revoked."""
    found = operations.list_keys(Settings.from_env())
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        _show_list(Screen(), found)


@keys_commands.command()
@click.argument("key_id", type=TEXT)
def revoke(key_id: str) -> None:
    """End a key by its id, and the logins that were made with it."""
    operations.revoke_key(Settings.from_env(), key_id)
    click.echo(f"revoked {key_id}; a dashboard that runs knows it within 10 s")


def _show_new(screen: Screen, made: NewKey, name: str, scopes: tuple[str, ...]) -> None:
    screen.say(f"made 1 key for {name}: {', '.join(scopes)}", "good")
    screen.gap()
    click.echo(made.text)
    screen.next("keep it now, it is not shown again; use it to log in, or as Authorization: Bearer …")


def _show_list(screen: Screen, found: list[ListedKey]) -> None:
    valid = sum(one.revoked_at is None for one in found)
    screen.say(f"keys: {len(found)}, {valid} of them valid")
    screen.table(
        (left("id"), left("name"), left("may"), left("made, WIB"), left("last used, WIB"), left("state")),
        [
            (
                one.key_id,
                one.name,
                " ".join(one.scopes),
                show_bare(one.created_at),
                show_bare(one.last_used_at) if one.last_used_at else None,
                "revoked" if one.revoked_at else "valid",
            )
            for one in found
        ],
    )
    screen.next("python -m web keys create NAME --scope read; python -m web keys revoke ID")
