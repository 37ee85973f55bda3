"""The weekly QA sample: some signals of the week, spread over the bins, drawn so that anybody draws the same."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from reports.weeks import Week
from signaltape.clock import WIB
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "qa.sql")
SIZE = 100
#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def draw(connection: Connection, week: Week, size: int = SIZE) -> list[dict[str, Any]]:
    """Up to `size` signals of a week with their outcomes, by bin and time of publication.

    The same week with the same signals gives the same sample: the week's name is the seed.
    Raises psycopg.Error.
    """
    rows = rows_as_dicts(connection, _SQL["week"], {"since": week.since, "until": week.until})
    return stratify(rows, size, seed=week.name)


def stratify(rows: list[dict[str, Any]], size: int, seed: str) -> list[dict[str, Any]]:
    """Take from every bin in turn until `size` rows are taken, so that a thin bin is taken whole."""
    chance = random.Random(seed)
    bins: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        bins[row["bin"]].append(row)
    shuffled = [chance.sample(bins[name], len(bins[name])) for name in sorted(bins)]
    taken: list[dict[str, Any]] = []
    while len(taken) < size and any(shuffled):
        for column in shuffled:
            if column and len(taken) < size:
                taken.append(column.pop())
    return sorted(taken, key=lambda row: (row["bin"], row["ts_published"], row["signal_id"]))


def save(sample: list[dict[str, Any]], week: Week, folder: Path) -> list[Path]:
    """Write `qa-2022-W03.csv` and `.json`. Returns the paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    table, document = (folder / f"qa-{week.name}.{kind}" for kind in ("csv", "json"))
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(sample[0]) if sample else ["signal_id"])
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in sample)
    document.write_bytes(msgspec.json.format(_ENCODER.encode(sample), indent=2) + b"\n")
    return [table, document]


def _cell(value: Any) -> Any:
    """A value as a spreadsheet cell: times in WIB, and no text that it would run as a formula."""
    if isinstance(value, datetime):
        return value.astimezone(WIB).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, str) and value.startswith(_FORMULA_SIGNS):
        return f"'{value}"
    return value
