"""What the bins of the score are called: asked of Postgres, which declares them, once for the life of the process."""

from __future__ import annotations

from pathlib import Path

from sink.pool import Pool, one
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "signals.sql")


class Bins:
    """Asks when first asked."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._names: tuple[str, ...] = ()

    async def names(self) -> tuple[str, ...]:
        """The lowest first. Raises what `Pool.read` raises."""
        if not self._names:
            async with self._pool.read() as session:
                row = await one(session, _SQL["bins"])
            self._names = tuple(row["names"]) if row else ()
        return self._names
