"""The bounds that a consumer keeps."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """When a batch is handed on, when entries of others are taken over, how long the stream keeps entries.

    tidies: whether this consumer keeps the stream small, as the two fields before say.
    """

    max_entries: int = 5000
    max_age_ms: int = 30
    claim_idle_ms: int = 60_000
    retention_s: int = 86_400
    stream_max_bytes: int = 0
    tidies: bool = True
