"""What the dashboard reads from the environment besides the settings of every process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from signaltape.errors import SettingsError
from signaltape.settings import Secret, Settings, variable
from signaltape.urls import check_database_url
from sink.db import database_url

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8077
_LAST_PORT = 65_535


class WebSettings(msgspec.Struct, frozen=True):
    """Where the dashboard listens, whom it answers, and what it reads from.

    origins: other sites whose pages may ask the API (CORS); read_url: a database to read from, such as a replica.
    """

    common: Settings
    read_url: Secret
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    origins: frozenset[str] = frozenset()

    @property
    def reading(self) -> Settings:
        """The common settings for who only reads."""
        return msgspec.structs.replace(self.common, database_url=self.read_url)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> WebSettings:
        """Read PORT, SIGNALTAPE_WEB_HOST, SIGNALTAPE_WEB_ORIGINS, DATABASE_READ_URL and the common settings.

        Raises SettingsError, naming the variable.
        """
        source = os.environ if environ is None else environ
        common = Settings.from_env(source)
        return cls(
            common=common,
            read_url=_read_url(variable(source, "DATABASE_READ_URL")) or database_url(common),
            host=source.get("SIGNALTAPE_WEB_HOST", "") or DEFAULT_HOST,
            port=_port(source.get("PORT", "")),
            origins=_origins(source.get("SIGNALTAPE_WEB_ORIGINS", "")),
        )


def _read_url(text: str) -> Secret | None:
    if not text:
        return None
    secret = Secret(text)
    check_database_url("DATABASE_READ_URL", text)
    return secret


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _LAST_PORT:
        raise SettingsError(f"PORT must be a number from 1 to {_LAST_PORT}, got {text!r}")
    return int(text)


def _origins(text: str) -> frozenset[str]:
    return frozenset(_origin(one.strip()) for one in text.split(",") if one.strip())


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or f"{parts.scheme}://{parts.netloc}" != text
    ):
        raise SettingsError(
            f"SIGNALTAPE_WEB_ORIGINS must be origins such as https://example.org, got {text!r}"
        )
    return text
