"""A number in a report is wrong: somebody changed rows by hand."""

from __future__ import annotations

from collections.abc import Iterator

from tests.drill.registry import case
from tests.drill.stage import Stage

_CHANGE = b"""
WITH chosen AS (SELECT signal_id FROM signal_closures ORDER BY ts_closed LIMIT 1)
UPDATE signal_closures SET rr_realized = 9.99 WHERE signal_id IN (SELECT signal_id FROM chosen)
"""
_DELETE = b"""
WITH chosen AS (SELECT signal_id FROM signal_closures WHERE rr_realized <> 9.99 ORDER BY ts_closed LIMIT 3)
DELETE FROM signal_closures WHERE signal_id IN (SELECT signal_id FROM chosen)
"""
_WRONG = b"""
SELECT count(*) FROM signal_events e LEFT JOIN signal_closures c USING (signal_id)
WHERE e.event = 'signal_closed' AND c.rr_realized IS DISTINCT FROM (e.payload ->> 'rr_realized')::numeric
"""


def as_the_events_say(stage: Stage) -> Iterator[str]:
    """Each closure is what its event says."""
    with stage.database() as connection:
        row = connection.execute(_WRONG).fetchone()
    if row != (0,):
        yield f"{row} closures are not what their events say"


@case(check=as_the_events_say)
def wrong_number(stage: Stage) -> None:
    """One closure gets another number, three are deleted."""
    stage.await_stored(40)
    with stage.database() as admin:
        assert admin.execute(_CHANGE).rowcount == 1
        assert admin.execute(_DELETE).rowcount == 3
