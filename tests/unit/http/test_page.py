"""The code of the page about the hooks runs, and its figures of speech are the code's."""

from __future__ import annotations

import asyncio
import tomllib
from typing import Any

import msgspec
import pytest

from deploy.examples.engine_flask.switches import Switches
from signaltape.fallback import LAST_GOOD_S, Outcome
from signaltape.http import HttpHooks
from signaltape.http.hooks import HttpHooks as Struct
from tests.support.pages import ROOT, Page

PAGE = Page(ROOT / "docs" / "http-hooks.md")


def ran() -> dict[str, Any]:
    """The names of all its Python, each block a program of its own."""
    found: dict[str, Any] = {}
    for block in PAGE.fences("python"):
        names: dict[str, Any] = {"__name__": "page"}
        exec(compile(block, PAGE.name, "exec"), names)
        found |= names
    return found


def test_its_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATURE_EVENT_LOGGING", "false")
    names = ran()
    assert names["create_app"]().test_client().get("/").status_code == 404
    assert asyncio.run(names["price"]()) == Outcome(221.4)
    assert isinstance(names["hooks"], HttpHooks)


def test_it_names_every_hook() -> None:
    for name in Struct.__struct_fields__:
        assert name == "measure" or f"{name}=" in PAGE.text or f"`{name}`" in PAGE.text, name
    assert f"at most {LAST_GOOD_S:g} s old" in PAGE.text


def test_its_files_are_read() -> None:
    (keys,) = PAGE.fences("toml")
    assert set(tomllib.loads(keys)) == {"otherwise", "routes", "clients"}
    (switches,) = PAGE.fences("json")
    assert msgspec.json.decode(switches, type=Switches).slow_ms == 700
    for name in Switches.__struct_fields__:
        assert name in PAGE.text, name
