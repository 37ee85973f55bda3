"""What the world of consumers consists of, as far as its parts know it."""

from __future__ import annotations

from consumer.limits import Limits
from tests.simulation.worlds.audit import Audit
from tests.simulation.worlds.audit_consuming import ConsumingAudit
from tests.simulation.worlds.feeding import Feeder
from tests.simulation.worlds.streaming import StreamWorld
from tests.simulation.worlds.stubborn_tables import StubbornDatabase


class ConsumingBase(StreamWorld):
    """A stream that is fed, tables that refuse, and those who look at both: what troubles and trials may ask for."""

    database: StubbornDatabase
    audit: Audit
    consuming: ConsumingAudit
    feeder: Feeder
    limits: Limits
    #: what workers are set to: perhaps fewer, they find the others
    worker_partitions: int
    #: workers end when the stream is drained, and begin again
    in_turns: bool
