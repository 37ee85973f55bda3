"""What a process answers to Prometheus: its parts scraped here, or the process itself over HTTP."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest

from signaltape.integrations.prometheus import Measures
from signaltape.measures import Ask
from tests.support.botapi import TOKEN

#: Nobody answers there.
_NOWHERE = "127.0.0.1:1"


class Started(NamedTuple):
    """How a process is started: its command and what it needs of the environment, beside the servers."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = {}


#: Every process that serves metrics where `--metrics-port` says, by the name that it tells; the dashboard serves its
#: own at its own address.
PROCESSES = {
    "worker": Started(("worker",)),
    "archiver": Started(("replay", "archive")),
    "replays": Started(("replay", "serve")),
    "reporter": Started(("reports", "schedule")),
    "shipper": Started(("signaltape", "ship")),
    "ghost": Started(("ghost",)),
    "guard": Started(("guard",)),
    "desk": Started(("desk",), {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_BASE": f"http://{_NOWHERE}"}),
    "market": Started(
        ("market",),
        {
            "SIGNALTAPE_MARKET_PROVIDERS": "okx",
            "SIGNALTAPE_MARKET_SYMBOLS": "BTC-USDT-SWAP",
            "SIGNALTAPE_MARKET_OKX_WS": f"ws://{_NOWHERE}",
            "SIGNALTAPE_MARKET_OKX_REST": f"http://{_NOWHERE}",
        },
    ),
}


def scraped(parts: Mapping[str, Ask]) -> str:
    """The text of one scrape of these parts."""
    registry = CollectorRegistry()
    registry.register(Measures("test", parts))
    return generate_latest(registry).decode()


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def fetched(port: int) -> str:
    """What is served there; empty if nothing is."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
