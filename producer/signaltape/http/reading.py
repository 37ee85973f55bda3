"""Clients and their scopes from a TOML file, so that keys can be changed without touching code."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from signaltape.errors import SettingsError
from signaltape.http.keys import Keys
from signaltape.showing import describe


def keys_from_file(path: Path) -> Keys:
    """Read `otherwise`, `[routes]` and `[[clients]]`. An endpoint is opened to all by an empty scope.

    Raises SettingsError, which names the file and what is wrong in it.
    """
    try:
        given = tomllib.loads(path.read_text())
        routes = given.get("routes")
        if isinstance(routes, dict):
            given["routes"] = {name: None if scope == "" else scope for name, scope in routes.items()}
        return msgspec.convert(given, Keys)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or describe(error)}") from error
    except (ValueError, SettingsError) as error:
        raise SettingsError(f"{path}: {describe(error)}") from error
