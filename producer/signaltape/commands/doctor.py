"""`signaltape doctor`: is everything in place, in plain words. Each check says what it found and what to do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import redis

from signaltape.clock import WIB_NAME, utc_now
from signaltape.errors import JournalError
from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import backlog_bytes, is_alive, journal_folders, journals_folder
from signaltape.journal.writer import JournalWriter
from signaltape.redis_facts import redis_cautions
from signaltape.settings import Settings
from signaltape.shipping.client import StreamError, client
from signaltape.stream import WORKER_GROUP, stream_keys
from signaltape.terminal import NOTHING_TO_DO, Screen, Style

#: Entries that wait for the worker; more than this is worth a word.
_MUCH_LAG = 10_000
_INDENT = 14
_STYLES: dict[str, Style] = {"ok": "good", "WARN": "warn", "FAIL": "bad"}


class Finding(NamedTuple):
    """What one check found. One that is ok may still bring a caution: then `mend` says what to do."""

    ok: bool
    name: str
    says: str
    mend: str = ""

    @property
    def status(self) -> str:
        """`ok`, WARN or FAIL."""
        return "FAIL" if not self.ok else "WARN" if self.mend else "ok"

    def show(self, screen: Screen) -> None:
        """Print it, with what mends it on a line of its own."""
        screen.say(self.says, _STYLES[self.status], mark=f"{self.status:4} {self.name:8} ")
        if self.mend:
            screen.say(self.mend, mark=" " * _INDENT + "→ ")


def examine(settings: Settings) -> list[Finding]:
    """Run all checks. Those that need Redis are left out when it cannot be reached."""
    findings = [_flag(settings), _zone(settings), _journal_writable(settings), *_journals(settings)]
    reached, redis_client = _redis(settings)
    findings.append(reached)
    if redis_client is not None:
        for key in stream_keys(settings.stream, settings.partitions):
            findings.extend(_guarded(redis_client, key))
        findings.extend(_cautions(redis_client, settings))
        redis_client.close()
    return findings


def show_findings(screen: Screen, findings: Sequence[Finding]) -> None:
    """Print all, the answer first."""
    failed, warned = (sum(one.status == status for one in findings) for status in ("FAIL", "WARN"))
    if failed:
        screen.say(f"failed: {failed} of {len(findings)} checks", "bad")
    elif warned:
        screen.say(f"all is in place; a warning comes from {warned} of {len(findings)} checks", "warn")
    else:
        screen.say(f"all is well: {len(findings)} checks", "good")
    screen.gap()
    for one in findings:
        one.show(screen)
    screen.gap()
    mend = "mend what says FAIL or WARN, then run signaltape doctor again"
    screen.next(mend if failed or warned else NOTHING_TO_DO)


def _flag(settings: Settings) -> Finding:
    if settings.feature_event_logging:
        return Finding(True, "flag", "FEATURE_EVENT_LOGGING=true: events are recorded")
    return Finding(False, "flag", 'recording is off: set FEATURE_EVENT_LOGGING=true (exactly "true")')


def _zone(settings: Settings) -> Finding:
    if settings.tz == WIB_NAME:
        return Finding(True, "clock", f"times are {WIB_NAME} (WIB)")
    return Finding(True, "clock", f"times are {WIB_NAME} (WIB); TZ={settings.tz} does not change that")


def _journal_writable(settings: Settings) -> Finding:
    folder = journals_folder(settings.home)
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=settings.home) as trial:
            JournalWriter(
                settings.home.__class__(trial),
                segment_bytes=settings.segment_bytes,
                max_bytes=settings.journal_max_bytes,
                clock=utc_now,
            ).close()
    except (OSError, JournalError) as error:
        return Finding(
            False, "journal", f"cannot write under {settings.home}: {error}; check SIGNALTAPE_HOME"
        )
    return Finding(True, "journal", f"can write under {folder}")


def _journals(settings: Settings) -> Iterator[Finding]:
    try:
        folders = journal_folders(settings.home)
    except OSError as error:
        yield Finding(False, "journals", f"{error.filename} cannot be listed: {error.strerror}")
        return
    for folder in folders:
        state = "a running engine" if is_alive(folder) else "an engine that has ended"
        size = backlog_bytes(folder) // 1024
        shipped = read_cursor(folder).events
        yield Finding(True, "journal", f"{folder.name}: of {state}, {size} KiB, {shipped} events shipped")
    rejects = sum(1 for _ in journals_folder(settings.home).glob("*.rejects.jsonl"))
    if rejects:
        where = journals_folder(settings.home)
        yield Finding(
            False, "rejects", f"{rejects} reject file(s) in {where}: events that broke the contract, with why"
        )
    damaged = sum(1 for _ in journals_folder(settings.home).glob("*.damaged"))
    if damaged:
        yield Finding(False, "damage", f"{damaged} journal(s) had damaged bytes, kept as *.damaged")


def _redis(settings: Settings) -> tuple[Finding, Any]:
    if settings.redis_url is None:
        return Finding(False, "Redis", "REDIS_URL is not set: export REDIS_URL=redis://host:6379/0"), None
    redis_client: Any = client(settings.redis_url)
    parts = urlsplit(settings.redis_url.reveal())
    where = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"
    try:
        redis_client.ping()
        version = _version(redis_client)
    except StreamError as error:
        redis_client.close()
        return Finding(False, "Redis", f"no answer from {where}: {error}"), None
    return Finding(True, "Redis", f"{where} answers ({version})"), redis_client


def _version(redis_client: Any) -> str:
    try:
        info = redis_client.info("server")
    except redis.ResponseError:
        return "its version is not known: it refuses INFO"
    return f"version {info.get('valkey_version') or info.get('redis_version')}"


def _guarded(redis_client: Any, key: str) -> list[Finding]:
    try:
        return _stream(redis_client, key)
    except StreamError as error:
        return [Finding(False, "stream", f"{key} cannot be examined: {error}")]


def _cautions(redis_client: Any, settings: Settings) -> list[Finding]:
    try:
        found = redis_cautions(redis_client, settings)
    except StreamError as error:
        return [Finding(False, "Redis", f"it cannot be examined: {error}")]
    return [
        Finding(True, "stream" if one.kind == "stranded" else "Redis", one.says, one.mend) for one in found
    ]


def _stream(redis_client: Any, key: str) -> list[Finding]:
    if not redis_client.exists(key):
        return [Finding(True, "stream", f"{key} is not there yet; the first event makes it")]
    found = [Finding(True, "stream", f"{key} holds {redis_client.xlen(key)} entries")]
    groups = {group["name"].decode(): group for group in redis_client.xinfo_groups(key)}
    group = groups.get(WORKER_GROUP)
    if group is None:
        says = f"{key} has no group {WORKER_GROUP!r}: no worker has run yet (python -m worker)"
        return [*found, Finding(False, "group", says)]
    found.append(
        Finding(True, "group", f"{key} has group {WORKER_GROUP!r}, {group['consumers']} consumer(s)")
    )
    return [*found, _lag(key, group)]


def _lag(key: str, group: dict[str, Any]) -> Finding:
    pending = group["pending"]
    lag = group.get("lag")
    if lag is None:
        return Finding(True, "lag", f"{key}: not known after deletes or trims; {pending} pending")
    says = f"{key}: {lag} entries wait, {pending} are in work"
    if lag > _MUCH_LAG:
        return Finding(False, "lag", f"{says}; is a worker running?")
    return Finding(True, "lag", says)
