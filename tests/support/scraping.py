"""What a process would answer to Prometheus."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, generate_latest

from signaltape.integrations.prometheus import Measures
from signaltape.measures import Ask


def scraped(parts: Mapping[str, Ask]) -> str:
    """The text of one scrape of these parts."""
    registry = CollectorRegistry()
    registry.register(Measures("test", parts))
    return generate_latest(registry).decode()
