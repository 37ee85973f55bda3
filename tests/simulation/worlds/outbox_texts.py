"""What stands in the chats of an outbox, looked at from outside: each text and file once, and of one version."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.simulation.telegram import Message
from tests.simulation.worlds.outbox_base import OutboxBase
from tests.simulation.worlds.outbox_given import Given, Part


def check_texts(world: OutboxBase, given: Given, messages: Iterable[Message]) -> None:
    """Of a report or alert each part stands once, and once more at most where that says that it may repeat it."""
    standing: defaultdict[str, list[Part]] = defaultdict(list)
    files: Counter[tuple[str, str]] = Counter()
    for message in messages:
        part = given.parts.get(message.text)
        if part is not None and not message.deleted:
            standing[part.report].append(part)
        if message.file is not None:
            kind, _, version = message.file.partition(" of ")
            files[kind, version.rpartition(" ")[0]] += 1
    for report, parts in standing.items():
        places = Counter((part.place, part.marked) for part in parts)
        if max(places.values()) > 1:
            world.fail("a text once", f"{report} stands twice: {parts}")
        if len({part.version for part in parts}) > 1:
            world.fail("one text", f"{report} stands in pieces of several: {parts}")
    for file, count in files.items():
        if count > 1:
            world.fail("a file once", f"{file} stands {count} times")
