"""The settings: read from the environment in one place, frozen, every wrong value refused by name."""

# Annotations are no texts here: each would be compiled at import.
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from signaltape.errors import SettingsError
from signaltape.secrecy import keep_secret
from signaltape.stream import MOST_PARTITIONS, SESSION_ID

_MIB = 1024 * 1024


def _hide(text: str) -> None:
    """From here on there is something that no log may show."""
    import signaltape.scrubbing  # noqa: F401 - only where there is a secret

    keep_secret(text)


class Secret:
    """A text that must not be shown: its repr and str are stars. `reveal()` gives the text.

    What is in it is also taken out of everything that is logged, stored or printed: see `signaltape.secrecy`.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        _hide(text)

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


_CENTURY_DAYS = 36_500
#: A century is for ever, and still a time that can be reckoned with.
Days = Annotated[int, Meta(ge=1, le=_CENTURY_DAYS)]
DaysOrEver = Annotated[int, Meta(ge=0, le=_CENTURY_DAYS)]
Hours = Annotated[int, Meta(ge=1, le=_CENTURY_DAYS * 24)]
Seconds = Annotated[int, Meta(ge=0, le=_CENTURY_DAYS * 86_400)]
_MOST_BYTES = 2**60
Bytes = Annotated[int, Meta(ge=0, le=_MOST_BYTES)]


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
    engine: Annotated[str, Meta(max_length=512)] | None = None  # SIGNALTAPE_ENGINE; for what carries none
    home: Path = Path(".signaltape")  # SIGNALTAPE_HOME
    data: Path = Path()  # SIGNALTAPE_DATA
    stream: str = "signaltape"  # SIGNALTAPE_STREAM
    partitions: Annotated[int, Meta(ge=1, le=MOST_PARTITIONS)] = 1  # SIGNALTAPE_PARTITIONS
    journal_max_bytes: Annotated[int, Meta(ge=8 * _MIB, le=_MOST_BYTES)] = (
        256 * _MIB
    )  # SIGNALTAPE_JOURNAL_MAX_BYTES
    segment_bytes: Annotated[int, Meta(ge=_MIB, le=64 * _MIB)] = 2 * _MIB  # SIGNALTAPE_SEGMENT_BYTES
    round_trip_pct: Annotated[float, Meta(ge=0, lt=100)] = 0.10  # SIGNALTAPE_ROUND_TRIP_PCT; cost of a trade
    stream_max_bytes: Bytes = 0  # SIGNALTAPE_STREAM_MAX_BYTES; 0: no limit
    stream_retention_s: Seconds = 86_400  # SIGNALTAPE_STREAM_RETENTION_S
    dyno: str | None = None  # DYNO; set by Heroku-like hosts, names the worker's consumer
    shipped_keep_s: Seconds = 900  # SIGNALTAPE_SHIPPED_KEEP_S
    run_mode: str = "LIVE"  # RUN_MODE; REPLAY keeps the engine's own emits out of the live stream
    replay_session: Annotated[str, Meta(pattern=SESSION_ID)] | None = (
        None  # SIGNALTAPE_REPLAY; the session fed
    )
    keep_trades_days: Days = 30  # SIGNALTAPE_KEEP_TRADES_DAYS
    keep_orders_days: Days = 30  # SIGNALTAPE_KEEP_ORDERS_DAYS
    keep_state_events_days: Days = 7  # SIGNALTAPE_KEEP_STATE_EVENTS_DAYS
    keep_snapshots_days: Days = 30  # SIGNALTAPE_KEEP_SNAPSHOTS_DAYS
    keep_market_hours: Hours = 24  # SIGNALTAPE_KEEP_MARKET_HOURS
    keep_desk_days: Days = 365  # SIGNALTAPE_KEEP_DESK_DAYS
    keep_measures_days: Days = 30  # SIGNALTAPE_KEEP_MEASURES_DAYS
    keep_sessions_days: Days = 30  # SIGNALTAPE_KEEP_SESSIONS_DAYS
    keep_signals_days: DaysOrEver = 0  # SIGNALTAPE_KEEP_SIGNALS_DAYS; 0: for ever
    compress_after_days: Days = 2  # SIGNALTAPE_COMPRESS_AFTER_DAYS
    metrics_port: Annotated[int, Meta(ge=1, le=65_535)] | None = None  # SIGNALTAPE_METRICS_PORT
    metrics_host: str = "127.0.0.1"  # SIGNALTAPE_METRICS_HOST; where a process's metrics are served

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `environ` (default: this process's environment).

        An empty variable counts as not set. Of a secret, `<NAME>_FILE` may name a file that holds it.
        Raises SettingsError, naming the variable, for a value that cannot be used.
        """
        source = os.environ if environ is None else environ
        old = {_NEW_NAMES[name]: text for name in _NEW_NAMES if (text := variable(source, name))}
        given = old | {name: text for name in _FIELD_OF if (text := variable(source, name))}
        values: dict[str, Any] = {}
        for name, text in given.items():
            field = _FIELD_OF[name]
            _check_text(name, text, is_path=field in _PATHS)
            values[field] = _READERS[field](name, text) if field in _READERS else text
        settings = _convert(values)
        if settings.replay_session is not None and settings.run_mode == "LIVE":
            raise SettingsError("SIGNALTAPE_REPLAY is set, so RUN_MODE must be REPLAY")
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
    "SIGNALTAPE_ENGINE": "engine",
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
    "SIGNALTAPE_REPLAY": "replay_session",
    "SIGNALTAPE_KEEP_TRADES_DAYS": "keep_trades_days",
    "SIGNALTAPE_KEEP_ORDERS_DAYS": "keep_orders_days",
    "SIGNALTAPE_KEEP_STATE_EVENTS_DAYS": "keep_state_events_days",
    "SIGNALTAPE_KEEP_SNAPSHOTS_DAYS": "keep_snapshots_days",
    "SIGNALTAPE_KEEP_MARKET_HOURS": "keep_market_hours",
    "SIGNALTAPE_KEEP_DESK_DAYS": "keep_desk_days",
    "SIGNALTAPE_KEEP_MEASURES_DAYS": "keep_measures_days",
    "SIGNALTAPE_KEEP_SESSIONS_DAYS": "keep_sessions_days",
    "SIGNALTAPE_KEEP_SIGNALS_DAYS": "keep_signals_days",
    "SIGNALTAPE_COMPRESS_AFTER_DAYS": "compress_after_days",
    "SIGNALTAPE_METRICS_PORT": "metrics_port",
    "SIGNALTAPE_METRICS_HOST": "metrics_host",
}

#: What an earlier version called a variable, still read: the new name, which wins if both are set.
_NEW_NAMES = {"SIGNALTAPE_KEEP_EVENTS_DAYS": "SIGNALTAPE_KEEP_STATE_EVENTS_DAYS"}
_VARIABLE_OF = {field: name for name, field in _FIELD_OF.items()}

#: These may also stand in a file, named by `<NAME>_FILE`.
SECRETS = (
    *("REDIS_URL", "DATABASE_URL", "DATABASE_READ_URL"),
    *("TELEGRAM_BOT_TOKEN", "SIGNALTAPE_WEBHOOK_SECRET", "COINAPI_KEY"),
)
_PATHS = ("home", "data")


def variable(source: Mapping[str, str], name: str) -> str:
    """A variable's text, a secret's also out of its file; empty if there is none. Raises SettingsError."""
    text = source.get(name, "")
    path = source.get(f"{name}_FILE", "") if name in SECRETS else ""
    if not path:
        return text
    if text:
        raise SettingsError(f"{name} and {name}_FILE are both set: leave one out")
    try:
        held = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise SettingsError(f"{name}_FILE: cannot read {path!r}: {reason}") from None
    if not held:
        raise SettingsError(f"{name}_FILE: {path!r} is empty")
    return held


def _check_text(name: str, text: str, *, is_path: bool) -> None:
    """A file's name may be any bytes; all other texts go to servers that take UTF-8."""
    try:
        text.encode("utf-8", "surrogateescape" if is_path else "strict")
    except UnicodeEncodeError:
        raise SettingsError(f"{name} is not UTF-8") from None
    if "\0" in text:
        raise SettingsError(f"{name} holds a NUL character")


def _read_redis_url(name: str, text: str) -> Secret:
    secret = Secret(text)  # known before anything can be said of it
    from signaltape.urls import check_redis_url

    check_redis_url(name, text)
    return secret


def _read_database_url(name: str, text: str) -> Secret:
    secret = Secret(text)
    from signaltape.urls import check_database_url

    check_database_url(name, text)
    return secret


def _read_token(name: str, text: str) -> Secret:
    secret = Secret(text)
    if not text.isascii() or not text.isprintable() or any(sign in text for sign in " /?#%"):
        raise SettingsError(f"{name} is not the token of a bot, such as 12345:AAH... (it is not shown)")
    return secret


def _read_zone(name: str, text: str) -> str:
    import zoneinfo  # only where TZ is set: it takes as long as all our settings do

    zone = text.removeprefix(":")  # POSIX lets TZ start with a colon
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if zone != "Asia/Jakarta":  # a machine without a zone database still knows this one
            raise SettingsError(f"{name} must name a time zone such as Asia/Jakarta, got {text!r}") from None
    return zone


_LONGEST_STREAM_NAME = 200


def _read_stream(name: str, text: str) -> str:
    if any(sign in text for sign in "{} \t\r\n"):
        raise SettingsError(f"{name} must not contain spaces or braces, got {text!r}")
    if not text.isprintable() or len(text) > _LONGEST_STREAM_NAME:
        raise SettingsError(f"{name} must be at most {_LONGEST_STREAM_NAME} printable characters")
    return text


def _read_run_mode(name: str, text: str) -> str:
    if text not in ("LIVE", "REPLAY"):
        raise SettingsError(f"{name} must be LIVE or REPLAY, got {text!r}")
    return text


def _read_http_base(name: str, text: str) -> str:
    _hide(text)  # a proxy may want a password
    from signaltape.urls import check_http_base

    check_http_base(name, text)
    return text.rstrip("/")


def _read_percent(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SettingsError(f"{name} must be a number such as 0.10, got {text!r}")
    return number


_READERS: dict[str, Any] = {
    "redis_url": _read_redis_url,
    "database_url": _read_database_url,
    "telegram_bot_token": _read_token,
    "round_trip_pct": _read_percent,
    "tz": _read_zone,
    "feature_event_logging": lambda _name, text: text == "true",
    "stream": _read_stream,
    "telegram_api_base": _read_http_base,
    "run_mode": _read_run_mode,
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
