"""What Redis says of a stream, and whether it has forgotten something of ours."""

from __future__ import annotations

from typing import Any

import pytest

from signaltape.shipping.client import read_state
from signaltape.shipping.forgetting import RESEND_MARGIN_S, Given, Loss, StreamState, lost_from

GIVEN = Given(last_id="1000-5", anchor="1000-5", added=50)
ALL = Loss(0.0)


def state(**changes: Any) -> StreamState:
    """A stream that was filled by us and others, trimmed, and still holds our last entry."""
    usual: dict[str, Any] = {
        "exists": True,
        "last_id": "1100-0",
        "first_id": "900-0",
        "deleted_id": "0-0",
        "length": 20,
        "added": 60,
        "holds_anchor": True,
    }
    return StreamState(**{**usual, **changes})


CASES: dict[str, tuple[StreamState, Loss | None]] = {
    "all is there": (state(), None),
    "no stream": (StreamState(exists=False), ALL),
    "we may not ask": (StreamState(), None),
    "the tail is gone": (state(last_id="1000-4", holds_anchor=False), Loss(1.0 - RESEND_MARGIN_S)),
    "made anew, nothing trimmed": (state(first_id="1050-0", length=60, holds_anchor=False), ALL),
    "made anew, fewer than before": (state(first_id="1050-0", added=49, length=9, holds_anchor=False), ALL),
    "made anew, and we may not look for an entry": (state(added=49, length=9, holds_anchor=None), ALL),
    "the tail is gone and others have added": (state(holds_anchor=False), ALL),
    "trimmed": (state(first_id="1050-0", holds_anchor=False), None),
    "trimmed to nothing": (state(first_id="", length=0, holds_anchor=False), None),
    "deleted by hand": (state(deleted_id="1000-5", holds_anchor=False), None),
    "an old Redis: trimmed or made anew": (
        state(first_id="1050-0", deleted_id="", added=None, holds_anchor=False),
        Loss(0.0, sure=False),
    ),
    "an old Redis: older ones are there": (state(deleted_id="", added=None, holds_anchor=False), ALL),
    "only XRANGE: it is gone": (StreamState(holds_anchor=False), Loss(0.0, sure=False)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_stream_says_tells_whether_it_forgot(case: str) -> None:
    says, loss = CASES[case]
    assert lost_from(GIVEN, says) == loss


def test_the_answer_of_an_old_redis_is_understood() -> None:
    info = [b"length", 1, b"last-generated-id", b"5-0", b"groups", 0, b"first-entry", [b"5-0", [b"a", b"1"]]]
    assert read_state(info, None) == StreamState(
        exists=True, last_id="5-0", first_id="5-0", deleted_id="", length=1, added=None
    )
