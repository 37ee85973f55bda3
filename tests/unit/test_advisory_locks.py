"""Advisory locks of Postgres: each number is one turn, and two that have nothing to do with each other share none."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NUMBER = re.compile(r"pg_(?:try_)?advisory_(?:xact_)?(?:lock|unlock)\((\d+)\)")
#: Who carries rows over does what a migration does, and takes its turn.
TOGETHER = {frozenset({"sink/sql/migrate.sql", "sink/sql/carry_over.sql"})}


def test_each_number_is_asked_for_by_one_part_of_the_product() -> None:
    asked: dict[str, set[str]] = defaultdict(set)
    for path in ROOT.glob("*/**/*.sql"):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(("tests/", "sink/migrations/", "sink/schema.sql")):
            for number in _NUMBER.findall(path.read_text()):
                asked[number].add(name)
    assert len(asked) > 4
    shared = {frozenset(names) for names in asked.values() if len(names) > 1}
    assert shared <= TOGETHER
    kept = (ROOT / "sink" / "schema.sql").read_text()
    assert not set(_NUMBER.findall(kept)) & asked.keys(), "what functions of the database ask for is theirs"
