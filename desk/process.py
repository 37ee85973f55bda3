"""The process: poller or webhook, actor, sender, alerts, upkeep; each goes on by itself, whatever the others meet."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import partial

from desk.acting import Desk
from desk.alerting.following import Following
from desk.alerting.messages import Messages
from desk.heard import Heard
from desk.intake import Intake
from desk.menus import show_menus
from desk.metrics import desk_parts
from desk.polling import pause, poll, unless_stopped
from desk.router import acts, all_commands
from desk.settings import DeskSettings
from desk.surroundings import around
from desk.telegram import Telegram, TelegramAway
from desk.threads import Threads
from desk.updates import Store
from desk.webhook import Webhook
from outbox.serving import persistently, send_while_connected
from signaltape.control import present
from signaltape.emitter import Emitter
from signaltape.errors import SettingsError
from signaltape.notices import Notices
from signaltape.serving_measures import serve_measures
from signaltape.settings import Secret
from signaltape.shipping.backoff import Backoff
from sink.reconciling import reconciled

log = logging.getLogger("desk")

#: After SIGTERM all ends within this time; what was not committed is done by the next desk.
_AT_THE_LATEST_S = 14.0
_END_WITHIN_S = 12.0
_NAME_AGAIN_S = 30.0
#: A call that has no answer holds up the one that waits for it, for half a minute, and not what is due in other chats.
_SENDERS = 3
#: What says all in its line: a port that is taken, a Telegram that does not take the webhook.
_PLAIN = (SettingsError, TelegramAway, OSError)
#: Telegram comes from outside; by the secret it is known.
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104


async def run(
    desk: DeskSettings,
    stop: asyncio.Event,
    clock: Callable[[], datetime],
    metrics_port: int | None = None,
) -> None:
    """Serve until `stop` is set. Raises SettingsError for what a person has to mend first.

    metrics_port: where to serve Prometheus metrics, if not where the settings say.
    """
    token, settings = desk.require_token(), desk.common
    nearby = around(desk)
    if not settings.feature_event_logging:
        log.warning("FEATURE_EVENT_LOGGING is not true: what is done by the bot is not on the tape")
    with Emitter(settings) as tape, present(settings, "desk"), reconciled(settings):
        show = Following(Messages(desk, nearby)).show_again
        at = Desk(settings, desk, all_commands(), tape, show, clock)
        threads = Threads(at, nearby)
        stop_metrics = serve_measures(metrics_port, "desk", desk_parts(settings), settings)
        threads.start()
        try:
            async with Telegram(token, settings.telegram_api_base) as telegram:
                await _serve(at, token, telegram, threads, stop)
        finally:
            threads.end()
            await _joined(threads)
            stop_metrics()


async def _serve(at: Desk, token: Secret, telegram: Telegram, threads: Threads, stop: asyncio.Event) -> None:
    """All that lives in the event loop; the threads are told to end when it is."""
    parts = [
        *(persistently(one, stop, "nothing can be sent") for one in _senders(at, token, stop)),
        persistently(partial(_hear, at, telegram, threads.wake, stop), stop, "nothing can be heard", _PLAIN),
    ]
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await stop.wait()
    finally:
        _end_at_the_latest()
        threads.end()
        _, late = await asyncio.wait(tasks, timeout=_END_WITHIN_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _senders(at: Desk, token: Secret, stop: asyncio.Event) -> list[Callable[[], Awaitable[None]]]:
    """Some, each with a session of its own and what it could not write down."""
    base = at.settings.telegram_api_base
    return [partial(send_while_connected, at.settings, token, base, stop, []) for _ in range(_SENDERS)]


async def _hear(at: Desk, telegram: Telegram, wake: Callable[[Heard], None], stop: asyncio.Event) -> None:
    """Take updates, as Telegram is told to give them. Raises TelegramAway where it cannot be told."""
    notices = Notices()
    me = await _name(telegram, stop, notices)
    if me is None:
        return
    store = Store(me, at.desk.admin_ids, partial(acts, at.commands))
    intake = Intake(at.settings, store, telegram, wake, at.clock)
    async with AsyncExitStack() as ending:
        ending.push_async_callback(intake.close)
        menus = asyncio.create_task(show_menus(telegram, at.desk, at.commands))
        ending.callback(menus.cancel)
        url, secret = at.desk.webhook_url, at.desk.webhook_secret
        if url is None or secret is None:
            await telegram.set_webhook("", None)  # polling would meet one that was set before for ever
            log.info("@%s hears by polling", me)
            await poll(telegram, intake, stop, notices)
            return
        webhook = Webhook(url, secret, intake, notices)
        ending.push_async_callback(webhook.stop)
        await webhook.start(_EVERY_ADDRESS, at.desk.port)
        await telegram.set_webhook(url, secret)
        log.info("@%s hears by a webhook on port %s", me, webhook.port)
        await stop.wait()


async def _name(telegram: Telegram, stop: asyncio.Event, notices: Notices) -> str | None:
    """The bot's name, as soon as Telegram says it; None if it is to stop before."""
    backoff = Backoff(cap_s=_NAME_AGAIN_S)
    while not stop.is_set():
        try:
            return await unless_stopped(telegram.name(), stop)
        except TelegramAway as error:
            notices.say("Telegram", f"Telegram is away: {error}")
            await pause(stop, backoff.next_s())
    return None


async def _joined(threads: Threads) -> None:
    """Wait for them off the loop, each to the end of what it has in hand."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.to_thread(threads.join), _END_WITHIN_S)


def _end_at_the_latest() -> None:
    """A thread that waits for a server that does not answer would hold up the end: its transaction is undone."""
    timer = threading.Timer(_AT_THE_LATEST_S, os._exit, (0,))
    timer.daemon = True
    timer.start()
