"""SQL by name: reads `.sql` files in which each query stands behind a line `-- name: …`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_MARK = "-- name:"


@cache
def load(path: Path) -> dict[str, bytes]:
    """All queries of one file by name. Raises KeyError at the call site for a name that is not there."""
    queries: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text().splitlines():
        if line.startswith(_MARK):
            name = line.removeprefix(_MARK).strip()
            queries[name] = []
        elif name:
            queries[name].append(line)
    return {name: "\n".join(lines).strip().encode() for name, lines in queries.items()}


def own(name: str) -> dict[str, bytes]:
    """The sink's own queries in `sink/sql/<name>.sql`."""
    return load(Path(__file__).parent / "sql" / f"{name}.sql")
