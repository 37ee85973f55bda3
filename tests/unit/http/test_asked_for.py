"""What cannot be asked of the hooks is refused when they are made, in words that name it."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape import Secret
from signaltape.errors import SettingsError
from signaltape.http import Cors, HttpHooks, Limit, Versions
from signaltape.http.gate import Gate, Visit, endpoint_name
from signaltape.http.header_values import header_text, is_header_text
from signaltape.http.request_ids import take_over


def nothing(name: str) -> None:
    """A request without headers."""


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "",
        "desk.example",
        "https://",
        "https://desk.example/",
        "https://Desk.example",
        "https://u@d.example",
    ],
)
def test_an_origin_is_one_as_browsers_say_it(origin: str) -> None:
    with pytest.raises(SettingsError, match=r"cors\.origins"):
        Cors(origins=frozenset({origin}))


def test_a_port_belongs_to_an_origin() -> None:
    assert Cors(origins=frozenset({"http://127.0.0.1:5173"})).allows("http://127.0.0.1:5173")


@pytest.mark.parametrize("text", ["", " ", "a\r\nX: y", "ä", "x" * 101, " padded"])
def test_a_version_is_what_a_header_may_say(text: str) -> None:
    with pytest.raises(SettingsError, match="X-Model-Version"):
        Versions(model=text)


@pytest.mark.parametrize("rate", ["", "fast", "-1/second", "100/fortnight"])
def test_a_rate_is_one_that_can_be_counted(rate: str) -> None:
    with pytest.raises(SettingsError, match=r"limit\.rate"):
        Gate(HttpHooks(limit=Limit(rate=rate)))


def test_a_storage_that_nobody_knows_is_refused_without_its_password() -> None:
    limit = Limit(storage=Secret("rodis://:hunter22@nowhere/0"))
    with pytest.raises(SettingsError, match=r"limit\.storage") as refused:
        Gate(HttpHooks(limit=limit))
    assert "hunter22" not in str(refused.value) + repr(limit) + repr(HttpHooks(limit=limit))


def test_a_limit_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signaltape.http.limiting", raising=False)
    monkeypatch.setitem(sys.modules, "limits", None)
    with pytest.raises(SettingsError, match=r'pip install "\.\[limits\]"'):
        Gate(HttpHooks(limit=Limit()))


def test_the_name_of_a_policy_is_a_word() -> None:
    with pytest.raises(SettingsError, match=r"limit\.name"):
        Limit(name='a";q=9')


def test_nothing_is_added_unless_it_is_asked_for() -> None:
    gate = Gate(HttpHooks())
    assert (gate.dresses, gate.refuses, gate.waits) == (False, False, False)
    assert Visit(gate, nothing).headers() == []


def test_what_an_engine_says_itself_is_not_said_twice() -> None:
    gate = Gate(HttpHooks(request_ids=True, versions=Versions(api="1", rules="r")))
    added = Visit(gate, nothing).headers(["x-api-version", "X-REQUEST-ID"])
    assert added == [("X-Rules-Version", "r")]


@given(st.text(max_size=200))
def test_an_id_is_always_one_line_of_safe_signs(text: str) -> None:
    made = take_over(text)
    assert made == text or len(made) == 32
    assert made.isascii()
    assert not set(made) & set("\r\n\0 ;,<>\"'")


@given(st.text(max_size=300))
def test_a_text_from_outside_ends_no_header(text: str) -> None:
    shown = header_text(text)
    assert is_header_text(shown)
    assert shown.isprintable()
    assert len(shown) <= 100


@pytest.mark.parametrize(
    ("method", "pattern", "name"),
    [
        ("GET", "/a/<b>", "GET /a/<b>"),
        ("BREW", "/a", "OTHER /a"),
        ("GET", None, "none"),
        ("X" * 999, None, "none"),
    ],
)
def test_an_endpoint_has_one_of_few_names(method: str, pattern: str | None, name: str) -> None:
    assert endpoint_name(method, pattern) == name
