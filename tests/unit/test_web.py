"""The dashboard's decisions that need no server: settings, keys, cookies, filters, words, pictures."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.wording import duration, moment, number, r_multiple
from reports.operations.shown import Point
from reports.operations.slices import Chosen
from signaltape.errors import SettingsError
from signaltape.http.header_values import header_text
from signaltape.http.request_ids import take_over
from tests.support.book import LABELS
from web import keys
from web.cards import Known
from web.charts import bins_chart, curve_chart
from web.counting import BinRow, Count
from web.filters import Filters, chosen_of, filters_of, of_chosen, said
from web.http import cookies
from web.http.problems import Problem
from web.http.security import host_of, is_loopback
from web.searching import of_word
from web.settings import DEFAULT_PORT, WebSettings
from web.signals import all_of, limit_of, place_of
from web.tape import line_of, positions_of

ENVIRONMENT = {"DATABASE_URL": "postgresql://u:p@h/db"}
NOW = datetime(2022, 1, 18, 12, 0, tzinfo=UTC)


def api_key(made: keys.NewKey, *scopes: str) -> keys.ApiKey:
    return keys.ApiKey(made.key_id, "trader", frozenset(scopes), made.secret_sha256, made.cookie_secret)


def test_settings_have_defaults_that_let_nobody_else_in() -> None:
    settings = WebSettings.from_env(ENVIRONMENT)
    assert (settings.host, settings.port, settings.origins) == ("127.0.0.1", DEFAULT_PORT, frozenset())
    assert settings.read_url.reveal() == ENVIRONMENT["DATABASE_URL"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("PORT", one) for one in ("x", "0", "65536", "-1", "٣")),
        *(("SIGNALTAPE_WEB_ORIGINS", one) for one in ("example.org", "https://a/b", "ftp://a", "https://")),
        ("DATABASE_READ_URL", "mysql://h/db"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        WebSettings.from_env({**ENVIRONMENT, variable: value})


def test_a_key_is_right_only_with_its_own_secret() -> None:
    made, other = keys.new_key(), keys.new_key()
    key = api_key(made, "read")
    found = keys.parts_of(made.text)
    assert found is not None
    assert found[0] == made.key_id
    assert keys.is_right(key, found[1])
    assert not keys.is_right(key, other.text.rpartition("_")[2])
    assert len(found[1]) == 43  # 256 bits


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading_of_a_key_or_a_cookie(text: str) -> None:
    key = api_key(keys.new_key(), "read")
    keys.parts_of(text)
    cookies.key_id_of(text)
    assert not cookies.is_valid(text, key)
    assert not keys.is_right(key, text)


def test_scopes_bring_what_they_imply() -> None:
    made = keys.new_key()
    assert [api_key(made, "admin").may(one) for one in keys.SCOPES] == [True, True, True]
    assert [api_key(made, "replay").may(one) for one in keys.SCOPES] == [True, True, False]
    assert [api_key(made, "read").may(one) for one in keys.SCOPES] == [True, False, False]


def test_a_cookie_holds_for_its_key_and_its_time_alone() -> None:
    key, other = api_key(keys.new_key(), "read"), api_key(keys.new_key(), "read")
    value = cookies.signed(key, 1000.0)
    assert cookies.key_id_of(value) == key.key_id
    assert cookies.is_valid(value, key, 1000.0 + cookies.LIFETIME_S - 1)
    assert not cookies.is_valid(value, key, 1000.0 + cookies.LIFETIME_S)
    assert not cookies.is_valid(value, other, 1000.0)
    later = value.replace(str(1000 + cookies.LIFETIME_S), str(9000 + cookies.LIFETIME_S))
    assert later != value
    assert not cookies.is_valid(later, key, 1000.0)


@pytest.mark.parametrize(
    ("header", "own"),
    [
        *((one, True) for one in ("localhost:8077", "127.0.0.1", "[::1]:80", "127.9.9.9", "LOCALHOST")),
        *((one, False) for one in ("evil.example", "127.0.0.1.evil.example", "", "[::2]", "a@b", "]")),
    ],
)
def test_only_names_of_this_machine_are_its_own(header: str, own: bool) -> None:
    assert is_loopback(host_of(header)) is own


def test_a_text_from_outside_becomes_a_header_or_nothing() -> None:
    assert header_text("rules-1.2") == "rules-1.2"
    assert header_text("a\r\nSet-Cookie: x") == "a??Set-Cookie: x"
    assert header_text(None) == header_text("") == "-"
    assert take_over("a\r\nb") != "a\r\nb"


def test_filters_are_read_from_an_address_and_lead_back_to_it() -> None:
    filters = filters_of(
        {"since": "2022-01-17", "bin": "0.80+", "low": "0.5", "side": "long", "symbol": "a&b"}, LABELS
    )
    assert filters == Filters(since=date(2022, 1, 17), bin=4, low=Decimal("0.5"), side="long", symbol="a&b")
    assert filters.address == "/signals?since=2022-01-17&symbol=a%26b&side=long&bin=4&low=0.5"


def test_what_a_scorecard_knows_of_the_filters_is_read_and_said_alike() -> None:
    query = {"symbol": "a&b", "rules": "v 2", "hour": "0", "weekday": "Sun", "outcome_from": "ghost"}
    chosen = chosen_of({**query, "outcome": "won", "bin": "9"})
    assert chosen == Chosen(symbol="a&b", rules="v 2", hour=0, weekday=7, outcome_from="ghost")
    assert said(of_chosen(chosen)) == query
    assert filters_of(query, LABELS).chosen == chosen
    with pytest.raises(Problem, match="outcome_from"):
        chosen_of({"outcome_from": "somebody"})


def test_what_took_long_is_kept_longer() -> None:
    now = time.monotonic()
    assert Known("quick", now - 2, 0.01).is_fresh
    assert not Known("quick", now - 4, 0.01).is_fresh
    assert Known("slow", now - 25, 3.0).is_fresh
    assert not Known("slow", now - 40, 3.0).is_fresh


@given(st.dictionaries(st.sampled_from([*Filters._fields, "after", "all", "limit"]), st.text(max_size=30)))
def test_whatever_stands_in_an_address_is_understood_or_refused(query: dict[str, str]) -> None:
    try:
        filters_of(query, LABELS).parameters  # noqa: B018 - it must not raise
        all_of(query)
        limit_of(query)
        place_of(query.get("after", ""))
    except Problem as problem:
        assert problem.status == 400


@pytest.mark.parametrize(
    ("word", "filters"),
    [
        ("LONG", Filters(side="long")),
        ("sl", Filters(outcome="sl")),
        ("0.80+", Filters(bin=4)),
        ("0.6-0.75", Filters(low=Decimal("0.6"), high=Decimal("0.75"))),
        ("2022-w03", Filters(since=date(2022, 1, 17), until=date(2022, 1, 23))),
        ("SOL", None),
    ],
)
def test_a_word_in_the_box_is_a_filter(word: str, filters: Filters | None) -> None:
    assert of_word(Filters(), word, LABELS) == filters


def test_places_in_the_stream() -> None:
    assert positions_of("5-1", 3) == ("5-1", "5-1", "5-1")
    assert positions_of("5-1,6-0", 2) == ("5-1", "6-0")
    for wrong in ("", "5", "5-1,6-0", "5-1,x", "5-1,", "9" * 99 + "-1"):
        assert positions_of(wrong, 3) is None


@given(st.binary(max_size=60), st.binary(max_size=20))
def test_any_entry_has_a_line(data: bytes, event: bytes) -> None:
    line = line_of("tape:{0}", b"1642376400000-0", {b"event": event, b"data": data})
    assert line.id == "1642376400000-0"


def test_a_line_says_r_with_its_sign_and_two_decimals() -> None:
    fields = {b"event": b"signal_closed", b"data": b'{"symbol":"S","exit_reason":"tp","rr_realized":1.650}'}
    assert line_of("k", b"1642376400000-0", fields).facts == "tp · +1.65\u00a0R"
    fields[b"data"] = b'{"symbol":"S","exit_reason":"sl","rr_realized":-1}'
    assert line_of("k", b"1642376400000-0", fields).facts == "sl · −1.00\u00a0R"


@pytest.mark.parametrize(("event", "of_signal"), [("ghost_closed", True), ("price_line", False)])
def test_what_a_ghost_came_to_is_of_its_signal(event: str, of_signal: bool) -> None:
    data = b'{"symbol":"S","exit_reason":"tp","rr_realized":1.650,"status":"x"}'
    line = line_of("k", b"1642376400000-0", {b"event": event.encode(), b"data": data})
    assert (line.event, line.of_signal) == ("ghost closed" if of_signal else event, of_signal)
    assert line.facts == ("tp · +1.65\u00a0R" if of_signal else "x")


def test_times_and_numbers_are_said_in_one_way() -> None:
    assert moment(NOW, NOW) == "19:00:00"
    assert moment(NOW, NOW + timedelta(days=2)) == "Tue 18 Jan 19:00"
    assert moment(NOW, NOW + timedelta(days=400)) == "2022-01-18 19:00"
    assert [duration(one) for one in (None, 900, 61_000, 7_500_000, 200_000_000)] == [
        "-",
        "0 s",
        "1 min",
        "2 h 05",
        "2 d 7 h",
    ]
    assert r_multiple(Decimal("-0.5")) == "−0.50\u00a0R"
    assert r_multiple(Decimal("1E+400")) == "-"
    assert number(Decimal("0.79996")) == "0.79996"
    assert len(number(Decimal("1E-900"))) < 20


def point(total: str, minute: int) -> Point:
    return Point(NOW + timedelta(minutes=minute), Decimal(total))


def test_a_curve_is_drawn_however_large_its_numbers_are() -> None:
    assert curve_chart([]) is None
    for rrs in (("1",), ("0", "0"), ("1E+400", "-1E+400"), ("1E-400",)):
        drawn = curve_chart([point(rr, n) for n, rr in enumerate(rrs)])
        assert drawn is not None
        assert "nan" not in drawn
        assert "inf" not in drawn
    many = curve_chart([point("1", n) for n in range(20_000)])
    assert many is not None
    assert len(many) < 20_000


def test_a_bin_is_drawn_with_its_interval_and_an_empty_one_without() -> None:
    count = Count(4, "/signals?bin=0")
    full = BinRow("<0.50", "0.500", "", "", (2, 4), (0.15, 0.85), count, count, count, count, count)
    empty = full._replace(label="0.80+", wins_of_n=(0, 0), interval=None, n=Count(0, "/"))
    drawn = bins_chart([full, empty])
    assert drawn.count("<circle") == 1
    assert drawn.count(">n=0<") == 1
    assert '<a href="/signals?bin=0"' in drawn
