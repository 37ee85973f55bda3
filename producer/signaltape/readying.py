"""What an Emitter that is on needs before its first event: loaded while it is made, so that no event waits for it.

`import signaltape` is light by this, and an engine that records nothing loads nothing more.
"""

from __future__ import annotations

import signaltape.contract.explain
import signaltape.journal.writer
import signaltape.measuring
import signaltape.rejects
import signaltape.scrubbing  # noqa: F401 - to be there
from signaltape.contract.codec import decoder
from signaltape.contract.events import ENGINE_EVENTS
from signaltape.contract.record_codec import record_decoder
from signaltape.contract.records import RECORDS
from signaltape.fast_path import load_checks


def make_ready(*, ships: bool) -> None:
    """Load what journals events, makes their checks, and, if it `ships`, what the shipper's thread runs.

    The thread does not load it itself: a fork amid that would leave a child whose own import waits for ever.
    """
    load_checks()
    for name in ENGINE_EVENTS:
        decoder(name)
    for name in RECORDS:
        record_decoder(name)
    if ships:
        # redis comes with the thread; it and the resolver would load the others in it, at the first connection
        import email.parser  # noqa: F401
        import encodings.idna  # noqa: F401
        import secrets  # noqa: F401

        import signaltape.callbacks
        import signaltape.control.registry
        import signaltape.shipping.thread  # noqa: F401
