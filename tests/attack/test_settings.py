"""Any text in any variable: it is taken, or refused by the variable's name; secrets are not shown."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signaltape import Emitter, Settings
from signaltape.errors import SettingsError
from signaltape.settings import _FIELD_OF
from tests.attack.effort import tried
from tests.attack.run import assert_well_behaved, environment_of, run
from tests.attack.way import Way
from tests.support.samples import SAMPLES

pytestmark = pytest.mark.deep

_SECRETS = ("REDIS_URL", "DATABASE_URL", "TELEGRAM_BOT_TOKEN")
#: No environment can hold a NUL; what is no UTF-8 comes as lone surrogates.
_plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_texts = st.one_of(
    _plain,
    st.sampled_from(
        ["true", "TRUE", "0", "-1", "1e3", "1_000", "99999999999999999999", "nan", "inf", "0x10", " 5 "]
    ),
    st.sampled_from(
        ["REPLAY", "LIVE", "replay", "Replay", "live ", "/dev/null/x", "/proc/x", "x" * 5000, "..", "~"]
    ),
    st.integers().map(str),
    st.binary(max_size=8).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")),
)
_variables = st.dictionaries(st.sampled_from(sorted(_FIELD_OF)), _texts, max_size=3)


def _read(environment: dict[str, str]) -> Settings | str:
    try:
        return Settings.from_env(environment)
    except SettingsError as error:
        return str(error)


@tried(300)
@given(_variables)
@example({"RUN_MODE": "replay"})
def test_a_wrong_value_is_refused_by_name_in_one_line(environment: dict[str, str]) -> None:
    read = _read(environment)
    if isinstance(read, str):
        assert any(name in read for name in environment), read
        assert len(read.splitlines()) == 1
    else:
        assert read.partitions >= 1


@tried(100)
@given(
    st.sampled_from(_SECRETS),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)
def test_a_secret_is_never_shown(name: str, text: str) -> None:
    read = _read({name: f"{text}hunterSECOND"})
    assert "hunterSECOND" not in (read if isinstance(read, str) else f"{read!r} {read}")


@tried(100)
@given(_variables)
@example({"RUN_MODE": "replay"})
@example({"RUN_MODE": "BACKTEST"})
def test_an_engine_with_any_settings_does_not_break(environment: dict[str, str]) -> None:
    given_settings = _read({**environment, "FEATURE_EVENT_LOGGING": "true"})
    settings = given_settings if isinstance(given_settings, Settings) else None
    if settings is None or not (
        settings.home == Path.cwd() / ".signaltape" or "SIGNALTAPE_HOME" in environment
    ):
        return
    if "SIGNALTAPE_HOME" not in environment:
        settings = msgspec.structs.replace(settings, home=Path.cwd() / "home")
    with Emitter(settings, ship=False) as tape:
        assert isinstance(tape.closed(SAMPLES["signal_closed"]()), bool)
        if settings.run_mode != "LIVE":
            assert not tape.enabled, f"RUN_MODE={settings.run_mode} records"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SIGNALTAPE_HOME", "/dev/null/home"),
        ("SIGNALTAPE_HOME", "/proc/home"),
        ("SIGNALTAPE_DATA", "/dev/null/data"),
        ("SIGNALTAPE_KEEP_SIGNALS_DAYS", "999999999999"),
        ("SIGNALTAPE_KEEP_MARKET_HOURS", "999999999999"),
        ("SIGNALTAPE_STREAM_RETENTION_S", "9223372036854775807"),
        ("SIGNALTAPE_SHIPPED_KEEP_S", "9223372036854775807"),
        ("SIGNALTAPE_JOURNAL_MAX_BYTES", "9223372036854775807"),
        ("SIGNALTAPE_ROUND_TRIP_PCT", "nan"),
        ("TZ", "../../etc/passwd"),
        ("RUN_MODE", "replay"),
    ],
)
def test_no_command_ends_in_a_traceback_for_a_setting(way: Way, name: str, text: str) -> None:
    environment = {**environment_of(way.settings), name: text}
    for room, *arguments in (
        ("signaltape", "ship", "--once"),
        ("signaltape", "emit", "signal_closed", "{}"),
        ("signaltape", "doctor"),
        ("worker", "--once"),
        ("worker", "status"),
        ("replay", "archive", "--once"),
        ("replay", "retention"),
        ("replay", "health"),
        ("reports", "scorecard", "--week", "2022-W03"),
    ):
        assert_well_behaved(run(room, arguments, environment), (name, text, room, arguments))
