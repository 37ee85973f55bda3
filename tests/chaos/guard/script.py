"""What goes wrong in the run, side by side, and the rules that must notice."""

from __future__ import annotations

from datetime import timedelta

from tests.chaos.guard.chats import REFUSING, SILENT
from tests.chaos.guard.fault import Fault
from tests.chaos.guard.world import World

#: Postgres goes when Redis is back.
_THEN_S = 90.0
#: What is not fresh ends its alert only once fresh alerts are nineteen of twenty.
_DILUTED = timedelta(minutes=6)
#: A letter that was dropped is gone at once; a message that a person sent again waits for its sender.
_SENT_AGAIN = timedelta(minutes=2)


def faults_of(world: World) -> list[Fault]:
    """All of them."""
    return [
        *_of_engines(world),
        *_of_processes(world),
        *_of_servers(world),
        *_of_messages(world),
        *_of_the_box(world),
    ]


def _of_engines(world: World) -> list[Fault]:
    slow = {
        "rest-p95": "/api/orderflow/",
        "signal-p95": "/api/signal/",
        "ws-rtt": "orderflow",
        "freshness": "SOL",
        "screener-ttl": "top",
        "latency-budget": "ib-slow",
    }
    burning = {"errors-burst": "", "error-rate-500": "", "error-budget": "", "errors-day": ""}
    return [
        Fault(
            name="an engine is slow, its data old",
            fires=slow,
            begin=world.be_slow,
            heal=lambda: world.slow.switch(),
        ),
        Fault(
            name="an engine fails",
            fires={rule: f"{part}ib-failing" for rule, part in burning.items()},
            begin=lambda: world.failing.switch(error_share=0.4),
            heal=lambda: world.failing.switch(),
        ),
        Fault(
            name="clients ask too often",
            fires={"error-rate-429": "ib-limited"},
            begin=lambda: None,  # they always do
            heal=lambda: world.limited.ask(per_s=1.5),
        ),
        Fault(
            name="a websocket is dead, a symbol silent",
            fires={"ws-missing": "ib-silent", "freshness-missing": "ib-silent"},
            begin=lambda: world.silent.switch(pulse=False),
            heal=lambda: world.silent.switch(),
            after_s=45,
        ),
        Fault(
            name="an engine is dead",
            fires={"measures-missing": "ib-dead"},
            begin=lambda: world.dead.kill(),
            heal=lambda: world.dead.start_again(),
            after_s=45,
        ),
        *_of_clocks(world),
    ]


def _of_clocks(world: World) -> list[Fault]:
    return [
        Fault(
            name="an engine's clock is behind",
            fires={"measures-late": "ib-behind"},
            begin=lambda: world.behind.set_clock(-40),
            heal=lambda: world.behind.set_clock(0),
        ),
        Fault(
            name="an engine's clock is ahead",
            fires={"clock-ahead": "ib-ahead"},
            begin=lambda: world.ahead.set_clock(40),
            heal=lambda: world.ahead.set_clock(0),
        ),
    ]


def _of_processes(world: World) -> list[Fault]:
    return [
        Fault(
            name="the replays are killed",
            fires={"process-missing": "replays"},
            begin=world.kill_replays,
            heal=world.start_replays,
            after_s=20,
        ),
        Fault(
            name="the worker is frozen",
            fires={"stream-lag": "worker"},
            begin=lambda: world.freeze("worker"),
            heal=lambda: world.thaw("worker"),
            after_s=60,
            later=timedelta(minutes=1),
        ),
        Fault(
            name="the archiver is frozen",
            fires={"archive-behind": "archive"},
            begin=lambda: world.freeze("archiver"),
            heal=lambda: world.thaw("archiver"),
            later=timedelta(minutes=1),
        ),
        Fault(
            name="a process takes much memory",
            fires={"memory": "engine"},
            begin=world.hog,
            heal=lambda: world.end_child("hog"),
        ),
        Fault(
            name="a replay is killed",
            fires={"replay-errors": "replays"},
            begin=world.kill_a_replay,
            heal=world.replay_to_its_end,
        ),
    ]


def _of_servers(world: World) -> list[Fault]:
    return [
        Fault(
            name="the stream is large",
            fires={"stream-size": "{0}"},
            begin=lambda: None,  # it was filled before anybody read
            heal=world.empty_the_stream,
        ),
        Fault(
            name="Redis' clock is off",
            fires={"clock-skew": "redis"},
            begin=lambda: world.set_clock(4),
            heal=lambda: world.set_clock(0),
        ),
        Fault(
            name="Redis is out of the guard's reach",
            fires={"redis-away": "redis"},
            begin=lambda: world.rig.redis_proxy.away(),
            heal=lambda: world.rig.redis_proxy.back(),
            blinds=True,
        ),
        Fault(
            name="Postgres is out of the guard's reach",
            fires={"postgres-away": "postgres"},
            begin=lambda: world.rig.postgres_proxy.away(),
            heal=lambda: None,
            after_s=_THEN_S,
            blinds=True,
        ),
        Fault(
            name="Postgres is back",
            fires={},
            begin=lambda: world.rig.postgres_proxy.back(),
            heal=lambda: None,
            after_s=_THEN_S + 40,
            blinds=True,
        ),
    ]


def _of_messages(world: World) -> list[Fault]:
    return [
        Fault(
            name="an entry breaks the contract",
            fires={"dead-letters": ""},
            begin=world.put_a_bad_entry,
            heal=world.drop_letters,
        ),
        Fault(
            name="a chat gives no answer",
            fires={"outbox-uncertain": "outbox"},
            begin=world.silence_a_chat,
            heal=lambda: world.resend(SILENT, "uncertain"),
            later=_SENT_AGAIN,
        ),
        Fault(
            name="a chat takes nothing",
            fires={"outbox-failed": "outbox"},
            begin=world.refuse_a_chat,
            heal=lambda: world.resend(REFUSING, "failed"),
            later=_SENT_AGAIN,
        ),
        Fault(
            name="a chat is slow, another one has blocked the bot",
            fires={"delivery-lag": "alerts", "outbox-overdue": "outbox"},
            begin=world.trouble_chats,
            heal=world.heal_chats,
            later=_DILUTED,
        ),
    ]


def _of_the_box(world: World) -> list[Fault]:
    return [
        Fault(
            name="the disk is full",
            fires={"disk": "SIGNALTAPE_DATA"},
            begin=world.fill_the_disk,
            heal=world.empty_the_disk,
            after_s=90,  # behind the replay, which writes there
        ),
        Fault(
            name="nobody ships a journal",
            fires={"journal-backlog": "SIGNALTAPE_HOME"},
            begin=world.hoard,
            heal=world.ship_the_hoard,
            later=timedelta(minutes=1),
        ),
        Fault(
            name="the backup is old",
            fires={"backup": "postgres"},
            begin=world.stamp_an_old_backup,
            heal=world.stamp_a_backup,
        ),
    ]
