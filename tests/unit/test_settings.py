"""Settings: read by name, refused by name, secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from signaltape import Secret, Settings, SettingsError


def test_nothing_set_gives_the_defaults() -> None:
    settings = Settings.from_env({})
    assert not settings.feature_event_logging
    assert settings.home == Path.cwd() / ".signaltape"
    assert settings.stream == "signaltape"
    assert settings.partitions == 1
    assert settings.tz == "Asia/Jakarta"
    assert settings.redis_url is None


@pytest.mark.parametrize("value", ["", "1", "True", "TRUE", "yes", "false", " true"])
def test_the_flag_is_on_only_if_exactly_true(value: str) -> None:
    assert not Settings.from_env({"FEATURE_EVENT_LOGGING": value}).feature_event_logging
    assert Settings.from_env({"FEATURE_EVENT_LOGGING": "true"}).feature_event_logging


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://u:hunter2@host"),
        ("REDIS_URL", "redis://u:hunter2@host:port"),
        ("DATABASE_URL", "mysql://u:hunter2@host/x"),
        ("TZ", "Mars/Olympus"),
        ("SIGNALTAPE_PARTITIONS", "0"),
        ("SIGNALTAPE_PARTITIONS", "many"),
        ("SIGNALTAPE_STREAM", "a{b}"),
        ("SIGNALTAPE_JOURNAL_MAX_BYTES", "12"),
        ("TELEGRAM_API_BASE", "ftp://x"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name_and_shows_no_password(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({name: value})
    assert name in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgres://u@h/db", "postgresql://u@h/db"])
def test_both_spellings_of_a_database_url_are_read(url: str) -> None:
    database = Settings.from_env({"DATABASE_URL": url}).database_url
    assert database is not None
    assert database.reveal() == url


def test_secrets_are_stars_wherever_they_are_shown() -> None:
    settings = Settings.from_env(
        {
            "REDIS_URL": "redis://:hunter2@host:6379/0",
            "DATABASE_URL": "postgresql://u:hunter2@host/db",
            "TELEGRAM_BOT_TOKEN": "12345:hunter2",
        }
    )
    assert "hunter2" not in f"{settings!r} {settings} {settings.redis_url}"
    assert Secret("a") == Secret("a") != Secret("b")


def test_a_variable_under_its_earlier_name_is_still_read() -> None:
    old, new = "SIGNALTAPE_KEEP_EVENTS_DAYS", "SIGNALTAPE_KEEP_STATE_EVENTS_DAYS"
    assert Settings.from_env({old: "3"}).keep_state_events_days == 3
    assert Settings.from_env({old: "3", new: "4"}).keep_state_events_days == 4
