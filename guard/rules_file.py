"""Which rules are in force: those shipped, or those of the file that SIGNALTAPE_GUARD_RULES names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from guard.model.reading import read_rules
from guard.model.rules import Rules
from signaltape.errors import SettingsError
from signaltape.settings import variable

RULES = "SIGNALTAPE_GUARD_RULES"
SHIPPED = Path(__file__).with_name("rules.toml")
#: More than this is no file of rules.
_MOST_BYTES = 1024 * 1024


def rules_in_force(environ: Mapping[str, str] | None = None) -> Rules:
    """The rules (environ: default this process's). Raises SettingsError, naming file, rule and field."""
    named = variable(os.environ if environ is None else environ, RULES)
    path = Path(named) if named else SHIPPED
    source = named or f"guard/{SHIPPED.name}"
    return read_rules(_text(path, source), source)


def _text(path: Path, source: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise SettingsError(f"{RULES}: {source} has more than 1 MiB")
        return content.decode()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise SettingsError(
            f"{RULES}: {source} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None
