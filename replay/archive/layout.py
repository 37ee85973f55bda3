"""Where everything lies under SIGNALTAPE_DATA. Pure. Names from outside never become paths unchecked.

data/events/<symbol>.jsonl                    state events
data/trades_log/day-2022-01-17.jsonl          trades      (days are WIB, by the record's own time)
data/orders/day-2022-01-17.jsonl              orders
data/signals/day-2022-01-17.jsonl             lifecycle events
data/market/<symbol>/day-2022-01-17.jsonl     trades, books and candles of the market
data/desk/day-2022-01-17.jsonl                alerts, what was decided on them, clicks and acts of people
data/measures/day-2022-01-17.jsonl            what engines measured of themselves
data/system/<kind>_snapshot.json              the latest snapshot of a kind
data/system/history/day-2022-01-17.jsonl      all snapshots
data/summaries/<group>/day-2022-01-17.json    what was there before it was deleted
data/replay/sessions/<id>/                    replay sessions
data/archive.db                               the ledger
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from signaltape.clock import WIB
from signaltape.contract.record_base import Group
from signaltape.contract.records import RECORDS

SIGNALS = "signals"
#: Where replay sessions lie under `data/`.
SESSIONS = "replay/sessions"
#: Folder of each group under `data/`.
FOLDERS = {
    Group.EVENTS.value: "events",
    Group.TRADES.value: "trades_log",
    Group.ORDERS.value: "orders",
    Group.SNAPSHOTS.value: "system/history",
    Group.MARKET.value: "market",
    Group.DESK.value: "desk",
    Group.MEASURES.value: "measures",
    SIGNALS: "signals",
}
_GROUP_OF = {name: kind.GROUP.value for name, kind in RECORDS.items()}
_DAY_FILE = re.compile(r"day-([0-9]{4}-[0-9]{2}-[0-9]{2})\.(jsonl|jsonl\.zst|json)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_NAME = 100


def data_folder(data: Path) -> Path:
    """The folder that holds all of it. data: SIGNALTAPE_DATA."""
    return data / "data"


def group_of(event: str) -> str:
    """The group of an event by its name on the wire."""
    return _GROUP_OF.get(event, SIGNALS)


@lru_cache(maxsize=16_384)
def archive_file(event: str, symbol: str | None, hour: str) -> str:
    """The file, relative to `data/`, that a line belongs to.

    hour: the beginning of the line's time, such as `2022-01-17T03` (UTC).
    """
    group = group_of(event)
    folder = FOLDERS[group]
    if group == Group.EVENTS:
        return f"{folder}/{safe_name(symbol or '')}.jsonl"
    day = f"day-{datetime.fromisoformat(f'{hour}:00Z').astimezone(WIB).date()}.jsonl"
    if group == Group.MARKET:
        return f"{folder}/{safe_name(symbol or '')}/{day}"
    return f"{folder}/{day}"


def snapshot_file(event: str) -> str:
    """The file, relative to `data/`, with the latest snapshot of a kind."""
    return f"system/{event}.json"


def day_of(path: Path) -> date | None:
    """The WIB day of an archive file or a summary; None for one that is not of a day."""
    match = _DAY_FILE.fullmatch(path.name)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def safe_name(name: str) -> str:
    """A name from outside as one harmless file name: the same name gives the same, two names never do.

    Everything but letters, digits, `.`, `_` and `-` is written as %XX of its UTF-8 bytes, as is the first character of
    what would be hidden or look like the file of a day, and the dot of `.jsonl`; what is empty or long stays apart by a
    piece of its hash.
    """
    quoted = _UNSAFE.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")), name
    )
    if quoted.startswith((".", "day-")):
        quoted = f"%{ord(quoted[0]):02X}{quoted[1:]}"
    quoted = quoted.replace(".jsonl", "%2Ejsonl")
    if quoted and len(quoted) <= _LONGEST_NAME:
        return quoted
    return f"{quoted[:_LONGEST_NAME]}~{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"


def sessions_folder(data: Path) -> Path:
    """Where replay sessions lie. data: SIGNALTAPE_DATA."""
    return data_folder(data) / SESSIONS
