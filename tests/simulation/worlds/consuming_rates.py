"""The troubles of consumers: kinds, how likely each strikes when it is drawn, and what each of them excuses."""

from __future__ import annotations

CONSUMING_RATES = {
    "entries deleted": 0.3,
    "partition unreadable": 0.2,
    "Postgres slow": 0.3,
    "Postgres silent": 0.3,
    "Postgres opens slowly": 0.3,
    "Postgres refuses all": 0.2,
    "Postgres refuses a kind": 0.3,
    "Postgres refuses, then is away": 0.4,
    "row refused": 0.3,
    "poison": 0.3,
    "foreign entries": 0.3,
    "Redis fails over": 0.3,
    "Redis crashes amid a batch": 0.5,
    "Redis crashes, one worker waits": 0.5,
    "Redis crashes at a commit": 0.5,
    "workers held back": 0.3,
    "workers die amid a batch": 0.3,
    "Redis is full as workers begin again": 0.3,
    "dead letters requeued": 0.5,
    "Redis refuses dead letters": 0.5,
}
#: They excuse neither a second writing nor a late end.
CONSUMING_MILD = (
    "Postgres slow",
    "Postgres silent",
    "Postgres refuses all",
    "foreign entries",
    "row refused",
    "dead letters requeued",
)
#: They keep no living worker from saying what it has in hand: those of all worlds, too.
HARMLESS = frozenset(
    (
        *(kind for kind in CONSUMING_RATES if not kind.startswith(("Redis", "partition"))),
        "kill",
        "signal",
        "disk error",
        "cut write",
        "commit answer lost",
        "Postgres away",
        "Postgres locked",
        "Postgres cuts",
        "Postgres refuses",
        "disk full",
        "asked to stop",
        "bit flips",
    )
)
