"""signaltape: a flight recorder for trading-signal engines.

    from signaltape import Emitter
    tape = Emitter()
    tape.published(signal_id=..., symbol="SOL-USDT-SWAP", confluence_score=0.82, rr=1.9, ...)

Off unless FEATURE_EVENT_LOGGING=true. See `Emitter`.
"""

from signaltape.contract.events import (
    ExitReason,
    InvalidationReason,
    Side,
    SignalClosed,
    SignalInvalidated,
    SignalPublished,
    SignalTriggered,
)
from signaltape.emitter import Emitter
from signaltape.errors import (
    InvalidEvent,
    JournalClosed,
    JournalError,
    JournalUnavailable,
    SettingsError,
    SignaltapeError,
)
from signaltape.settings import Secret, Settings

__version__ = "0.1.0"

__all__ = [
    "Emitter",
    "ExitReason",
    "InvalidEvent",
    "InvalidationReason",
    "JournalClosed",
    "JournalError",
    "JournalUnavailable",
    "Secret",
    "Settings",
    "SettingsError",
    "Side",
    "SignalClosed",
    "SignalInvalidated",
    "SignalPublished",
    "SignalTriggered",
    "SignaltapeError",
    "__version__",
]
