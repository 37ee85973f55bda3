"""Postgres as far as the retention of an archive asks for it: a server that is there or not, and limits that hold."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

import psycopg

from signaltape.settings import Secret
from tests.simulation.worlds.archive_audit import Audit
from tests.simulation.worlds.archive_base import ArchiveBase


class Tables:
    """Stands in for what drops partitions: nothing is in them, but that they may go is looked at."""

    def __init__(self, world: ArchiveBase, audit: Audit) -> None:
        self._world = world
        self._audit = audit
        self._is_there = world.chance.random() < 0.5

    def connect(self, _url: Secret, *, name: str) -> AbstractContextManager[Any]:
        """As `sink.db.connect`."""
        self._world.scheduler.pause("connect to Postgres")
        if not self._is_there:
            raise psycopg.OperationalError(f"{name} cannot connect")
        return nullcontext(self)

    def drop(
        self, _connection: object, limits: Mapping[str, datetime], *, dry_run: bool = False
    ) -> list[str]:
        """As `sink.admin.retention.drop_partitions`: what is older than these limits would be gone."""
        audit, keep = self._audit, self._world.keep.by_group
        audit.look_at_clocks()
        for group, limit in limits.items():
            kept = keep[group]
            if kept is None or limit > audit.latest - kept:
                self._world.fail("records are kept", f"{group} up to {limit}, it is {audit.latest}")
        if limits.keys() != {group for group in keep if group != "signals"}:
            self._world.fail("records go in time", f"nothing is said of all but {sorted(limits)}")
        return [] if dry_run else ["records_day"]
