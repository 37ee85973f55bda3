"""What the market's room can do for a person: say which symbols are followed, and how every provider stands.

Plain functions for commands, pages and bots alike. Each raises only errors of `signaltape.errors`, each of one line.
"""

from __future__ import annotations

from typing import Any

from market.status import ProviderStatus as ProviderStatus  # noqa: PLC0414 - pages may import no other module
from market.status import Status as Status  # noqa: PLC0414
from market.status import SymbolStatus as SymbolStatus  # noqa: PLC0414
from market.status import read_status, status_key
from signaltape.errors import NotFound
from signaltape.plain_errors import plain_errors
from signaltape.redis_client import open_redis
from signaltape.settings import Settings


@plain_errors()
def status(settings: Settings) -> Status:
    """What the market last said of itself. Raises NotFound if none ever did."""
    with open_redis(settings) as client:
        fields: Any = client.hgetall(status_key(settings.stream))
    found = read_status(fields)
    if found is None:
        raise NotFound("no market has said anything yet: start one with `python -m market`")
    return found
