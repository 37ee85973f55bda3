"""Who may ask for what: keys by their digests, scopes by endpoints."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.errors import SettingsError
from signaltape.http import Client, Keys, keys_from_file
from signaltape.http.keys import key_in

A, B, C = (hashlib.sha256(key).hexdigest() for key in (b"a", b"b", b"c"))


def client(name: str = "desk", *sha256: str) -> Client:
    return Client(name=name, sha256=sha256 or (A,), scopes=frozenset({"read"}))


def test_each_of_two_keys_is_its_clients() -> None:
    keys = Keys(clients=(client("desk", A, B), client("trader", C)))
    found = [keys.client_of(key) for key in ("a", "b", "c", "d", "", None)]
    assert [one and one.name for one in found] == ["desk", "desk", "trader", None, None, None]


@given(st.text(max_size=600))
def test_no_text_that_is_not_a_key_is_anybodys(text: str) -> None:
    keys = Keys(clients=(client(),))
    assert (keys.client_of(text) is not None) == (text == "a")


@pytest.mark.parametrize("place", [0, 31, 63])
def test_a_digest_is_compared_whole(place: int) -> None:
    nearly = A[:place] + ("0" if A[place] != "0" else "1") + A[place + 1 :]
    assert Keys(clients=(client("desk", nearly),)).client_of("a") is None


def test_a_digest_is_no_key() -> None:
    assert Keys(clients=(client(),)).client_of(A) is None


def test_no_key_stands_in_what_is_shown_of_it() -> None:
    assert "sha256=" in repr(client()), "a digest may be shown: it opens nothing"
    assert "'a'" not in repr(client())


@pytest.mark.parametrize(
    ("sha256", "says"),
    [
        ((), "one key or two, got 0"),
        ((A, B, C), "one key or two, got 3"),
        ((A.upper(),), "64 hex digits in small letters"),
        (("secret",), "64 hex digits in small letters"),
    ],
)
def test_a_client_with_other_keys_is_refused(sha256: tuple[str, ...], says: str) -> None:
    with pytest.raises(SettingsError, match=f"client desk.*{says}"):
        Client(name="desk", sha256=sha256, scopes=frozenset())


def test_one_key_of_two_clients_is_refused() -> None:
    with pytest.raises(SettingsError, match="two clients"):
        Keys(clients=(client("one"), client("other")))


@pytest.mark.parametrize(
    ("method", "pattern", "scope"),
    [
        ("GET", "/plan", "read"),
        ("HEAD", "/plan", "read"),
        ("POST", "/plan", "write"),
        ("DELETE", "/plan", "write"),
        ("GET", "/open", None),
        ("GET", "/other", "admin"),
        ("GET", "none", "admin"),
    ],
)
def test_an_endpoint_needs_the_scope_of_its_method_then_of_its_pattern(
    method: str, pattern: str, scope: str | None
) -> None:
    routes = {"GET /plan": "read", "/plan": "write", "/open": None}
    assert Keys(clients=(), routes=routes, otherwise="admin").scope_of(method, pattern) == scope


@pytest.mark.parametrize(
    ("authorization", "x_api_key", "key"),
    [
        ("Bearer k", None, "k"),
        ("bearer  k ", "other", "k"),
        ("Basic k", None, None),
        ("Basic k", "x", "x"),
        (None, "x", "x"),
        ("Bearer", None, None),
        (None, None, None),
    ],
)
def test_where_a_key_stands(authorization: str | None, x_api_key: str | None, key: str | None) -> None:
    assert key_in(authorization, x_api_key) == key


TEXT = f"""
otherwise = "admin"
[routes]
"GET /api/signal/<symbol>" = "read"
"/health" = ""
[[clients]]
name = "desk"
sha256 = ["{A}", "{B}"]
scopes = ["read"]
"""


def test_a_file_says_who_and_what(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(TEXT)
    assert keys_from_file(path) == Keys(
        clients=(client("desk", A, B),),
        routes={"GET /api/signal/<symbol>": "read", "/health": None},
        otherwise="admin",
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("sha256", "sha265", "unknown field"),
        (f'"{A}"', '"x"', "64 hex digits"),
        ('"desk"', '"de sk"', "name"),
        ("[routes]", "[routes", ""),
        ('scopes = ["read"]', "scopes = 1", "scopes"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, before: str, after: str, says: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(TEXT.replace(before, after))
    with pytest.raises(SettingsError, match=rf"keys\.toml: .*{says}"):
        keys_from_file(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: No such file or directory$"):
        keys_from_file(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("scope", ["false", "[]", "0", "{}"])
def test_only_an_empty_text_opens_an_endpoint(scope: str, tmp_path: Path) -> None:
    """Whoever writes `false` means that nobody may."""
    path = tmp_path / "keys.toml"
    path.write_text(TEXT.replace("[routes]", f'[routes]\n"POST /order" = {scope}'))
    with pytest.raises(SettingsError, match=r"keys\.toml: "):
        keys_from_file(path)
