"""How long a provider may take, and how often it is bothered."""

from __future__ import annotations

from msgspec import Struct


class Patience(Struct, frozen=True, kw_only=True):
    """Times in seconds.

    silence_s: after so long without a word the provider is asked whether it is there; answer_s: and has so long to
    say something. Together they are below the three seconds in which another provider has to take over.
    ping_s: it is asked so often in any case, as some want to be. life_s: a connection is renewed after this.
    """

    connect_s: float = 5.0
    silence_s: float = 1.5
    answer_s: float = 1.0
    ping_s: float = 20.0
    life_s: float = 23 * 3600.0
    request_s: float = 5.0
    #: Between two connects, and between two requests on one connection: the strictest says three a second.
    pace_s: float = 0.35
    #: Between two questions over HTTP: the strictest says eight a second, of candles.
    ask_s: float = 0.125
    #: How often a provider without streams is asked.
    poll_s: float = 5.0
