"""The menu that Telegram shows: to each user the commands of their role, to everybody else none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from desk.asking import Command
from desk.settings import DeskSettings
from desk.telegram import Telegram, TelegramAway
from desk.users import Entry, entries
from sink.db import DatabaseError, connect, database_url

log = logging.getLogger("desk")


async def show_menus(telegram: Telegram, desk: DeskSettings, commands: Mapping[str, Command]) -> None:
    """Set them, as far as it can be done now: a bot without menus understands all the same."""
    try:
        known = await asyncio.to_thread(_known, desk)
        await telegram.set_menu([], None)
    except (TelegramAway, DatabaseError) as error:
        log.warning("no menus are set: %s", error)
        return
    for entry in known:
        try:
            await telegram.set_menu(menu(entry, commands), entry.user_id)
        except TelegramAway as error:  # who never spoke to the bot has no chat with it
            log.info("no menu for user %s: %s", entry.user_id, error)


def menu(entry: Entry, commands: Mapping[str, Command]) -> list[tuple[str, str]]:
    """The names and helps of what a user may ask."""
    return [(one.name, one.help) for one in commands.values() if entry.may(one)]


def _known(desk: DeskSettings) -> list[Entry]:
    with connect(database_url(desk.common), name="signaltape-desk-menus") as connection:
        return entries(connection, desk.admin_ids)
