"""Whatever the environment holds: usable settings, or an error that names the variable and shows no secret."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from replay.archive.keeping import keep_of
from replay.archive.retention import apply
from signaltape import Secret, Settings, SettingsError, secrecy
from signaltape.clock import utc_now
from signaltape.redis_client import redis_client
from signaltape.settings import _FIELD_OF
from signaltape.urls import DATABASE_OPTIONS, SET_BY_US
from tests.attack.effort import TIMES

_ODD = [
    "nan",
    "inf",
    "-inf",
    "1e400",
    "99999999999",
    "1_0",
    "٣",
    "0x10",
    " 1",
    "/etc/passwd",
    "../..",
    ":",
    "Asia",
    "-1",
]
_URL_SIGNS = st.sampled_from(
    [*"@:/?#%[]=& \\\"'", "%20", "%00", "%zz", "%FF", "hunter", "é", "\n", "1", "db"]
)
_URLS = st.builds(
    "{}{}".format,
    st.sampled_from(
        ["redis://", "rediss://", "unix://", "postgres://", "postgresql://", "http://", "https://"]
    ),
    st.lists(_URL_SIGNS, max_size=12).map("".join),
)
_TEXTS = st.one_of(
    st.sampled_from(_ODD),
    st.text(max_size=30),
    st.text(string.digits + "+-_.e", min_size=1, max_size=20),
    _URLS,
)


@pytest.fixture(autouse=True)
def _nothing_known_afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(secrecy, "_known", set())
    monkeypatch.setattr(secrecy, "_pattern", None)
    yield


@pytest.mark.parametrize("name", _FIELD_OF)
@given(text=_TEXTS)
@example(text="99999999999")
@example(text="postgresql://u:p@h:1/d?port=")
def test_any_text_gives_usable_settings_or_an_error_that_names_the_variable(name: str, text: str) -> None:
    secrecy._known.clear()
    try:
        read = Settings.from_env({name: text})
    except SettingsError as error:
        assert name in str(error)
        assert "\n" not in str(error)
        return
    _use(read)


_PASSWORDS = st.lists(_URL_SIGNS, max_size=4).map("".join)
_OPTIONS = st.lists(
    st.builds(
        "{}={}".format,
        st.sampled_from(
            ["db", "foo", "ssl_cert_reqs", "port", "sslmode", "password", "protocol", "options", "host"]
        ),
        st.sampled_from(["", "1", "abc", "none", "require", "true", "a=b", "%00", "%zz", "x y", "é"]),
    ),
    max_size=2,
)


@examples(max_examples=100 * TIMES)
@given(
    scheme=st.sampled_from(["redis", "rediss", "unix", "postgresql"]),
    userinfo=st.one_of(st.just(""), _PASSWORDS.map("u:{}@".format)),
    host=st.sampled_from(["", "h", "h:1", "h:99999", "[::1]:5", "[::1", "h,i", "é", "%2Frun"]),
    path=st.sampled_from(["", "/", "/0", "/x", "/run/x.sock", "/%00", "//"]),
    options=_OPTIONS,
)
def test_any_url_is_read_as_its_driver_reads_it_or_refused(
    scheme: str, userinfo: str, host: str, path: str, options: list[str]
) -> None:
    secrecy._known.clear()
    name = "DATABASE_URL" if scheme == "postgresql" else "REDIS_URL"
    try:
        read = Settings.from_env(
            {name: f"{scheme}://{userinfo}{host}{path}{'?' if options else ''}{'&'.join(options)}"}
        )
    except SettingsError as error:
        assert name in str(error)
        return
    _use(read)


def _use(settings: Settings) -> None:
    """What the rooms do with the settings, as far as it needs no server."""
    now = utc_now()
    keep = keep_of(settings)
    for age in (*keep.by_group.values(), keep.sessions, keep.compress_after):
        assert age is None or now - age
    assert 0 <= settings.round_trip_pct < 100
    assert now.timestamp() - settings.stream_retention_s
    settings.home.is_dir()
    for text in (settings.stream, settings.rules_version, settings.telegram_chat_id or ""):
        text.encode()
    if settings.redis_url is not None:
        client: Any = redis_client(settings.redis_url)
        client.connection_pool.make_connection()
        assert client.connection_pool.connection_kwargs["protocol"] == 2
        client.close()
    if settings.database_url is not None:
        conninfo_to_dict(settings.database_url.reveal())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "99999999999") for name in _FIELD_OF if "_KEEP_" in name or name.endswith(("_S", "_DAYS"))),
        ("SIGNALTAPE_ROUND_TRIP_PCT", "nan"),
        ("SIGNALTAPE_ROUND_TRIP_PCT", "inf"),
        ("TZ", "/etc/passwd"),
        ("TZ", "../.."),
        ("TZ", "Asia"),
        ("RULES_VERSION", "\udcff"),
        ("SIGNALTAPE_STREAM", "a\x00b"),
        ("TELEGRAM_API_BASE", "http://"),
        ("TELEGRAM_BOT_TOKEN", "12345:AAH/x"),
        ("REDIS_URL", "redis://host/abc"),
        ("REDIS_URL", "redis://host?db=abc"),
        ("REDIS_URL", "redis://host?foo=bar"),
        ("REDIS_URL", "redis://host?ssl_cert_reqs=none"),
        ("REDIS_URL", "rediss://host?ssl_cert_reqs=maybe"),
        ("REDIS_URL", "REDIS://host"),
        ("REDIS_URL", "unix://run/redis.sock"),
        ("DATABASE_URL", "postgresql://host/db?foo=bar"),
        ("DATABASE_URL", "postgresql://host/db?sslmode=bogus"),
        ("DATABASE_URL", "postgresql://host/db?connect_timeout=soon"),
        ("DATABASE_URL", "postgresql://host/db?replication=true"),
    ],
)
def test_what_would_break_later_is_refused_at_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({name: value})
    assert name in str(caught.value)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(SettingsError, match="REDIS_URL: unknown option 'foo'; known are db, "):
        Settings.from_env({"REDIS_URL": "redis://host?foo=bar"})


def test_the_longest_keeping_time_still_works(tmp_path: Path) -> None:
    names = [name for name in _FIELD_OF if "_KEEP_" in name and name.endswith("_DAYS")]
    settings = Settings.from_env({**dict.fromkeys(names, "36500"), "SIGNALTAPE_KEEP_MARKET_HOURS": "876000"})
    assert not apply(tmp_path, keep_of(settings), utc_now()).errors


def test_options_that_we_set_ourselves_change_nothing() -> None:
    url = "redis://host:1/3?" + "&".join(f"{name}=7" for name in sorted(SET_BY_US)) + "&client_name=me"
    read = Settings.from_env({"REDIS_URL": url}).redis_url
    assert read is not None
    with redis_client(read, socket_timeout=2.5) as client:
        options = client.connection_pool.connection_kwargs
        assert (options["protocol"], options.get("decode_responses"), options["socket_timeout"]) == (
            2,
            None,
            2.5,
        )
        assert (options["db"], options["client_name"], options["host"]) == (3, "me", "host")


@pytest.mark.parametrize(
    "url",
    ["unix:///run/r.sock", "unix:///run/r.sock?db=2", "rediss://:p%40w@h:1/2?ssl_cert_reqs=none", "redis://"],
)
def test_the_usual_urls_of_redis_are_read(url: str) -> None:
    read = Settings.from_env({"REDIS_URL": url}).redis_url
    assert read is not None
    with redis_client(read) as client:
        client.connection_pool.make_connection()


def test_every_option_that_we_let_through_is_known_to_libpq() -> None:
    known = {one.keyword.decode() for one in psycopg.pq.Conninfo.get_defaults()}
    if len(known) < 50:
        pytest.skip("an older libpq knows fewer")
    assert set(DATABASE_OPTIONS) - {"ssl"} <= known


@pytest.mark.parametrize("name", ["REDIS_URL", "DATABASE_URL", "TELEGRAM_BOT_TOKEN"])
def test_a_secret_may_stand_in_a_file(name: str, tmp_path: Path) -> None:
    value = {"REDIS_URL": "redis://:hunter2@h/0", "DATABASE_URL": "postgres://u:hunter2@h/d"}.get(
        name, "1:AAH2"
    )
    path = tmp_path / "secret"
    path.write_text(f"{value}\n")
    settings = Settings.from_env({f"{name}_FILE": str(path)})
    assert getattr(settings, _FIELD_OF[name]) == Secret(value)
    with pytest.raises(SettingsError, match=f"{name} and {name}_FILE are both set"):
        Settings.from_env({f"{name}_FILE": str(path), name: value})
    path.write_text("\n")
    with pytest.raises(SettingsError, match=f"{name}_FILE: .* is empty"):
        Settings.from_env({f"{name}_FILE": str(path)})
    path.unlink()
    with pytest.raises(SettingsError, match=f"{name}_FILE: cannot read .*No such file"):
        Settings.from_env({f"{name}_FILE": str(path)})
    assert getattr(Settings.from_env({f"{name}_FILE": ""}), _FIELD_OF[name]) is None
