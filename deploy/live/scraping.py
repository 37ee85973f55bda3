"""Where Prometheus finds the processes of `make live`: each on a port that was free, told in a file for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

#: For `file_sd_configs`; under the demo's home.
FILE = "targets.json"


def with_ports(
    commands: Mapping[str, Sequence[str]], *but: str
) -> tuple[dict[str, Sequence[str]], list[int]]:
    """The commands, each with a port for its metrics but for some that serve them elsewhere; and these ports."""
    ports = {name: _free() for name in commands if name not in but}
    told = {
        name: [*command, "--metrics-port", str(ports[name])] if name in ports else command
        for name, command in commands.items()
    }
    return told, list(ports.values())


def tell(home: Path, ports: Sequence[int], address: str) -> Path:
    """Write the file. address: of the dashboard, which serves its own there."""
    targets = [*(f"127.0.0.1:{port}" for port in ports), urlsplit(address).netloc]
    path = home / FILE
    path.write_text(json.dumps([{"targets": targets}], indent=2) + "\n")
    return path


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
