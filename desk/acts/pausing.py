"""`/panic` and `/resume`: all processes are told at once, Postgres keeps it, and who has not answered is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import redis

from desk.asking import Answer, Asking, Command, Deed
from outbox.text import Text, TextBuilder
from outbox.wording import duration, moment
from signaltape.control import (
    PAUSED,
    RUNNING,
    Answers,
    Control,
    Garbled,
    Process,
    State,
    assert_again,
    wait_for_answers,
)
from signaltape.control import read as read_in_redis
from signaltape.control.state import is_newer
from signaltape.plain_errors import one_line
from signaltape.redis_client import redis_client, redis_url
from signaltape.settings import Settings
from sink.control import epoch_in_redis, read, say
from sink.db import Connection

#: The update's transaction is open meanwhile: neither a server nor a process is waited for any longer.
_SERVER_WITHIN_S = 0.5
_ANSWERS_WITHIN_S = 1.0
_MOST_NAMED, _MOST_GONE = 10, 3
#: So often it is said anew where others speak at the same moment.
_MOST_TRIES = 3
_HEADS = {PAUSED: "⏸ Paused", RUNNING: "▶️ Resumed"}
_NEXT = {PAUSED: "Next: /processes shows all, /resume goes on", RUNNING: "Next: /processes shows all"}


def panic(asking: Asking) -> Answer:
    """Pause everything."""
    return _said(asking, PAUSED)


def resume(asking: Asking) -> Answer:
    """Let everything go on."""
    return _said(asking, RUNNING)


def how_it_is(settings: Settings, connection: Connection) -> str:
    """`by now all is paused, by ani`: for who asked for it and was not answered. Empty if nothing is known."""
    known = read(connection)
    with _client(settings) as client, suppress(redis.RedisError, Garbled):
        there = read_in_redis(client, settings.stream)  # a desk that died amid it may have told Redis alone
        known = there if is_newer(there, known) else known
    return f"by now all is {known.state}, by {known.by or 'somebody'}" if known is not None else ""


def told(control: Control, answers: Answers | None, unheard: str = "") -> Text:
    """What a person reads of it. answers: None if Redis is away; unheard: who has heard it, then."""
    text = TextBuilder()
    head = f"{_HEADS[control.state]} at {moment(control.at, control.at)} WIB"
    if answers is None:
        text.line(head, "bold").line(f"{unheard[:1].upper()}{unheard[1:]}.")
        text.line("It is kept: all are told as soon as Redis is back.")
        return text.add(_NEXT[control.state]).build()
    text.line(f"{head} · {_count(answers)}", "bold")
    for line in (
        _overtaken(control, answers),
        _by_role(answers.answered),
        *_missing(answers),
        *_gone(answers),
    ):
        if line:
            text.line(line)
    return text.add(_NEXT[control.state]).build()


def _said(asking: Asking, state: State) -> Answer:
    """Postgres first, within the transaction, then Redis: whichever of both is seen alone brings it to the other."""
    with _client(asking.settings) as client:
        control, away = _spoken(asking, client, state)
        try:
            if away is not None:
                raise away
            answers = wait_for_answers(client, asking.settings.stream, control.epoch, _ANSWERS_WITHIN_S)
        except redis.RedisError as error:
            return _unheard(control, error, was_told=away is None)
    overtaken = _overtaken(control, answers)
    deed = Deed(f"{state}; {_count(answers)}{f'; {overtaken}' if overtaken else ''}", after=state)
    return Answer(told(control, answers), deed=deed)


def _spoken(asking: Asking, client: redis.Redis, state: State) -> tuple[Control, redis.RedisError | None]:
    """What was said, and why Redis may not have heard it. What somebody else said to Redis amid it was before it."""
    stream, by = asking.settings.stream, asking.user.name or str(asking.user.id)
    for _ in range(_MOST_TRIES):
        above = epoch_in_redis(client, stream)
        control = say(asking.connection, state, f"{by} (Telegram)", f"/{_COMMANDS[state]}", above=above)
        try:
            if assert_again(client, stream, control) or state == RUNNING:  # a pause that came amid it counts
                break
        except redis.RedisError as error:
            return control, error
    return control, None


def _unheard(control: Control, error: redis.RedisError, *, was_told: bool) -> Answer:
    """Redis went away: before it was told, or behind that; one that does not answer in time may have heard all."""
    sure = not was_told and not isinstance(error, redis.TimeoutError)
    unheard = "nobody has heard it yet" if sure else "who has heard it is not known"
    text = told(control, None, f"{unheard}: Redis is away ({one_line(error)})")
    return Answer(text, deed=Deed(f"{control.state}; Redis is away, {unheard}", after=control.state))


def _overtaken(control: Control, answers: Answers) -> str:
    """Somebody else said something newer meanwhile: the others do that; empty if nobody did."""
    newer = answers.control
    if newer is None or not is_newer(newer, control) or newer.state == control.state:
        return ""
    return f"but {newer.by or 'somebody'} said {newer.state} since, and that counts"


#: What says which state.
_COMMANDS = {PAUSED: "panic", RUNNING: "resume"}


@contextmanager
def _client(settings: Settings) -> Iterator[redis.Redis]:
    client = redis_client(
        redis_url(settings), socket_timeout=_SERVER_WITHIN_S, socket_connect_timeout=_SERVER_WITHIN_S
    )
    try:
        yield client
    finally:
        client.close()


def _count(answers: Answers) -> str:
    there = len(answers.answered) + len(answers.missing)
    if answers.missing:
        return f"{len(answers.missing)} of {there} did not answer within {answers.took_s:.1f} s"
    return f"all {there} answered in {answers.took_s:.1f} s" if there else "no process is there"


def _by_role(processes: Sequence[Process]) -> str:
    counted = Counter(one.role for one in processes)
    return ", ".join(f"{role} {n}" if n > 1 else role for role, n in sorted(counted.items()))


def _missing(answers: Answers) -> list[str]:
    named = [f"❌ {one.name}, seen {duration(one.age_ms(answers.now_ms))} ago" for one in answers.missing]
    more = len(named) - _MOST_NAMED
    return [*named[:_MOST_NAMED], f"and {more} more" if more > 0 else ""]


def _gone(answers: Answers) -> list[str]:
    """The last ones first: one that froze runs on when it wakes, until it hears of it."""
    last = sorted(answers.gone, key=lambda one: -one.seen_ms)
    named = [f"gone: {one.name}, seen {duration(one.age_ms(answers.now_ms))} ago" for one in last]
    more = len(named) - _MOST_GONE
    return [*named[:_MOST_GONE], f"and {more} more gone" if more > 0 else ""]


PANIC = Command(
    "panic",
    "trader",
    "pause every engine and process",
    panic,
    acts=True,
    confirms="⏸ Pause every engine and process? Answer within 30 s",
)
RESUME = Command(
    "resume",
    "trader",
    "let all go on again",
    resume,
    acts=True,
    confirms="▶️ Let every engine and process go on? Answer within 30 s",
)
#: What `how_it_is` is said of.
PAUSING = (PANIC.name, RESUME.name)
