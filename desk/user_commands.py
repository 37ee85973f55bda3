"""`python -m desk users`: who may tell the bot what, and where."""

from __future__ import annotations

from collections.abc import Sequence

import click

from desk.asking import ROLES, Role
from desk.auditing import shell_user
from desk.operations import users
from desk.settings import DeskSettings
from desk.users import Entry
from signaltape.clock import WIB, utc_now
from signaltape.commands.auditing import note_shell
from signaltape.settings import Settings
from signaltape.terminal import Screen, left, print_json, right
from sink.command_line import TEXT, PlainGroup, json_option


@click.group(name="users", cls=PlainGroup)
def users_commands() -> None:
    """Who may tell the bot something: enter, list, take out. Whoever is not entered may nothing."""


@users_commands.command()
@click.argument("user_id", type=int)
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What they may.")
@click.option("--name", type=TEXT, default="", help="How the audit calls them.")
@click.option(
    "--chat", "chats", type=TEXT, multiple=True, help="Only in this chat, or chat/topic; again for more."
)
@click.option("--command", "commands", type=TEXT, multiple=True, help="Only this command; again for more.")
def add(user_id: int, role: Role, name: str, chats: tuple[str, ...], commands: tuple[str, ...]) -> None:
    """Enter the user of this Telegram id, or change what they may."""
    settings, now, by = Settings.from_env(), utc_now(), shell_user()
    made = users.add_user(settings, user_id, role, now, name=name, chats=chats, commands=commands, by=by)
    said = f"{made.user_id} is {made.role} {_where(made)}, with {_which(made)}"
    note_shell(settings, "users add", by, now, said)
    click.echo(said)


@users_commands.command(name="list")
@json_option
def list_command(as_json: bool) -> None:
    """List everybody who may something, the mightiest first."""
    settings = DeskSettings.from_env()
    found = users.list_users(settings.common, settings.admin_ids)
    if as_json:
        print_json(found)
    else:
        _show(Screen(), found)


@users_commands.command()
@click.argument("user_id", type=int)
def remove(user_id: int) -> None:
    """Take the user of this Telegram id out, from the next update on."""
    settings = Settings.from_env()
    users.remove_user(settings, user_id)
    said = f"{user_id} may nothing any more"
    note_shell(settings, "users remove", shell_user(), utc_now(), said)
    click.echo(said)


def _show(screen: Screen, found: list[Entry]) -> None:
    screen.say(f"users: {len(found)}" if found else "users: none, so nobody is answered")
    screen.table(
        (right("id"), left("role"), left("name"), left("chats", 20), left("commands"), left("since, WIB")),
        [
            (
                str(one.user_id),
                one.role,
                one.name or None,
                _few(one.chats),
                _few(one.commands),
                f"{one.added_at.astimezone(WIB):%Y-%m-%d}" if one.added_at else "settings",
            )
            for one in found
        ],
    )
    screen.next("python -m desk users add ID --role trader; python -m desk users remove ID")


def _few(values: Sequence[str] | None) -> str:
    """The first, and how many more there are."""
    if not values:
        return "all"
    return values[0] if len(values) == 1 else f"{values[0]} +{len(values) - 1}"


def _where(entry: Entry) -> str:
    return f"in {', '.join(entry.chats)}" if entry.chats else "everywhere"


def _which(entry: Entry) -> str:
    return (
        ", ".join(f"/{one}" for one in entry.commands)
        if entry.commands
        else f"all commands of a {entry.role}"
    )
