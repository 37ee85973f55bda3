"""One thing to be told, with an id that is always the same."""

from __future__ import annotations

from typing import Any, NamedTuple

import uuid_utils

from ghost.held import Whose
from signaltape.contract.codec import NAMESPACE

#: Of a reason in words.
LONGEST = 500


class Said(NamedTuple):
    """Something to be told. event: a lifecycle event, else a record; at_us: when it happened."""

    name: str
    at_us: int
    fields: dict[str, Any]
    event: bool = False


def id_of(whose: str, what: int | str) -> str:
    """The id of a record: the n-th thing of an order, or what became of a line."""
    return str(uuid_utils.uuid5(NAMESPACE, f"{whose}:{what}"))


def whose_fields(whose: Whose) -> dict[str, Any]:
    """Whose it is, by the names on the wire."""
    return {
        "signalId": whose.signal_id,
        "refId": whose.ref_id,
        "chatId": whose.chat_id,
        "threadId": whose.thread_id,
        "userId": whose.user_id,
    }


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """Those that there are."""
    return {key: value for key, value in fields.items() if value is not None}
