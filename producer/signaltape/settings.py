"""The settings: read from the environment in one place, frozen, every wrong value refused by name."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from signaltape.errors import SettingsError

_MIB = 1024 * 1024


class Secret:
    """A text that must not be shown: its repr and str are stars. `reveal()` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Never log what this returns."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


Days = Annotated[int, Meta(ge=1, le=36_500)]


class Settings(Struct, frozen=True, kw_only=True):
    """All that signaltape reads from the environment. The variable's name stands behind each field."""

    redis_url: Secret | None = None  # REDIS_URL
    database_url: Secret | None = None  # DATABASE_URL
    tz: str = "Asia/Jakarta"  # TZ; checked, but times are always WIB
    telegram_bot_token: Secret | None = None  # TELEGRAM_BOT_TOKEN
    telegram_chat_id: str | None = None  # TELEGRAM_CHAT_ID
    telegram_api_base: str = "https://api.telegram.org"  # TELEGRAM_API_BASE
    feature_event_logging: bool = False  # FEATURE_EVENT_LOGGING; on only if exactly "true"
    rules_version: str = "unversioned"  # RULES_VERSION; for events that carry none
    home: Path = Path(".signaltape")  # SIGNALTAPE_HOME
    data: Path = Path()  # SIGNALTAPE_DATA
    stream: str = "signaltape"  # SIGNALTAPE_STREAM
    partitions: Annotated[int, Meta(ge=1, le=256)] = 1  # SIGNALTAPE_PARTITIONS
    journal_max_bytes: Annotated[int, Meta(ge=8 * _MIB)] = 256 * _MIB  # SIGNALTAPE_JOURNAL_MAX_BYTES
    segment_bytes: Annotated[int, Meta(ge=_MIB, le=64 * _MIB)] = 2 * _MIB  # SIGNALTAPE_SEGMENT_BYTES
    round_trip_pct: Annotated[float, Meta(ge=0, lt=100)] = 0.10  # SIGNALTAPE_ROUND_TRIP_PCT; cost of a trade
    stream_max_bytes: Annotated[int, Meta(ge=0)] = 0  # SIGNALTAPE_STREAM_MAX_BYTES; 0: no limit
    stream_retention_s: Annotated[int, Meta(ge=0)] = 86_400  # SIGNALTAPE_STREAM_RETENTION_S
    dyno: str | None = None  # DYNO; set by Heroku-like hosts, names the worker's consumer
    shipped_keep_s: Annotated[int, Meta(ge=0)] = 900  # SIGNALTAPE_SHIPPED_KEEP_S
    run_mode: str = "LIVE"  # RUN_MODE; REPLAY keeps the engine's own emits out of the live stream
    keep_trades_days: Days = 30  # SIGNALTAPE_KEEP_TRADES_DAYS
    keep_orders_days: Days = 30  # SIGNALTAPE_KEEP_ORDERS_DAYS
    keep_events_days: Days = 7  # SIGNALTAPE_KEEP_EVENTS_DAYS
    keep_snapshots_days: Days = 30  # SIGNALTAPE_KEEP_SNAPSHOTS_DAYS
    keep_market_hours: Annotated[int, Meta(ge=1)] = 24  # SIGNALTAPE_KEEP_MARKET_HOURS
    keep_sessions_days: Days = 30  # SIGNALTAPE_KEEP_SESSIONS_DAYS
    keep_signals_days: Annotated[int, Meta(ge=0)] = 0  # SIGNALTAPE_KEEP_SIGNALS_DAYS; 0: for ever
    compress_after_days: Days = 2  # SIGNALTAPE_COMPRESS_AFTER_DAYS

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from `environ` (default: this process's environment).

        An empty variable counts as not set.
        Raises SettingsError, naming the variable, for a value that cannot be used.
        """
        source = os.environ if environ is None else environ
        given = {name: source[name] for name in _FIELD_OF if source.get(name)}
        values: dict[str, Any] = {}
        for name, text in given.items():
            field = _FIELD_OF[name]
            values[field] = _READERS[field](name, text) if field in _READERS else text
        settings = _convert(values)
        # An engine may change its working directory later; its journal stays where it was.
        return msgspec.structs.replace(settings, home=settings.home.absolute(), data=settings.data.absolute())


_FIELD_OF = {
    "REDIS_URL": "redis_url",
    "DATABASE_URL": "database_url",
    "TZ": "tz",
    "TELEGRAM_BOT_TOKEN": "telegram_bot_token",
    "TELEGRAM_CHAT_ID": "telegram_chat_id",
    "TELEGRAM_API_BASE": "telegram_api_base",
    "FEATURE_EVENT_LOGGING": "feature_event_logging",
    "RULES_VERSION": "rules_version",
    "SIGNALTAPE_HOME": "home",
    "SIGNALTAPE_DATA": "data",
    "SIGNALTAPE_STREAM": "stream",
    "SIGNALTAPE_PARTITIONS": "partitions",
    "SIGNALTAPE_JOURNAL_MAX_BYTES": "journal_max_bytes",
    "SIGNALTAPE_SEGMENT_BYTES": "segment_bytes",
    "SIGNALTAPE_SHIPPED_KEEP_S": "shipped_keep_s",
    "SIGNALTAPE_ROUND_TRIP_PCT": "round_trip_pct",
    "SIGNALTAPE_STREAM_MAX_BYTES": "stream_max_bytes",
    "SIGNALTAPE_STREAM_RETENTION_S": "stream_retention_s",
    "DYNO": "dyno",
    "RUN_MODE": "run_mode",
    "SIGNALTAPE_KEEP_TRADES_DAYS": "keep_trades_days",
    "SIGNALTAPE_KEEP_ORDERS_DAYS": "keep_orders_days",
    "SIGNALTAPE_KEEP_EVENTS_DAYS": "keep_events_days",
    "SIGNALTAPE_KEEP_SNAPSHOTS_DAYS": "keep_snapshots_days",
    "SIGNALTAPE_KEEP_MARKET_HOURS": "keep_market_hours",
    "SIGNALTAPE_KEEP_SESSIONS_DAYS": "keep_sessions_days",
    "SIGNALTAPE_KEEP_SIGNALS_DAYS": "keep_signals_days",
    "SIGNALTAPE_COMPRESS_AFTER_DAYS": "compress_after_days",
}
_VARIABLE_OF = {field: name for name, field in _FIELD_OF.items()}


def _read_url(name: str, text: str, schemes: tuple[str, ...]) -> Secret:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        raise SettingsError(f"{name} is not a URL (its value is not shown: it may hold a password)") from None
    if parts.scheme not in schemes:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        raise SettingsError(f"{name} must start with {wanted}")
    return Secret(text)


def _read_redis_url(name: str, text: str) -> Secret:
    return _read_url(name, text, ("redis", "rediss", "unix"))


def _read_database_url(name: str, text: str) -> Secret:
    return _read_url(name, text, ("postgresql", "postgres"))


def _read_secret(_name: str, text: str) -> Secret:
    return Secret(text)


def _read_zone(name: str, text: str) -> str:
    zone = text.removeprefix(":")  # POSIX lets TZ start with a colon
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if zone != "Asia/Jakarta":  # a machine without a zone database still knows this one
            raise SettingsError(f"{name} must name a time zone such as Asia/Jakarta, got {text!r}") from None
    return zone


def _read_flag(_name: str, text: str) -> bool:
    return text == "true"


def _read_stream(name: str, text: str) -> str:
    if any(sign in text for sign in "{} \t\r\n"):
        raise SettingsError(f"{name} must not contain spaces or braces, got {text!r}")
    return text


def _read_http_base(name: str, text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise SettingsError(f"{name} must start with http:// or https://, got {text!r}")
    return text.rstrip("/")


_READERS: dict[str, Any] = {
    "redis_url": _read_redis_url,
    "database_url": _read_database_url,
    "telegram_bot_token": _read_secret,
    "tz": _read_zone,
    "feature_event_logging": _read_flag,
    "stream": _read_stream,
    "telegram_api_base": _read_http_base,
    "home": lambda _name, text: Path(text),
    "data": lambda _name, text: Path(text),
}


def _convert(values: dict[str, Any]) -> Settings:
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$.")
        field = where.rstrip("`")
        variable = _VARIABLE_OF.get(field, field)
        raise SettingsError(f"{variable}: {reason}, got {values.get(field)!r}") from None
