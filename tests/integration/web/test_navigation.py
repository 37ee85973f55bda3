"""From page to page: what is there is listed, keys are told, the API is readable."""

from __future__ import annotations

import re

import pytest

from tests.support.served import Served
from web.api.openapi import described
from web.navigation import BEHIND, FIRST


def test_the_navigation_lists_the_pages_that_are_there(served: Served) -> None:
    text = served.get("/more").text
    for one in (*FIRST, *BEHIND):
        is_there = served.get(one.address).status != 404
        assert (
            f'<a href="{one.address}"' in text or f'<a class="wide" href="{one.address}"' in text
        ) == is_there


def test_each_page_has_a_letter_of_its_own(served: Served) -> None:
    letters = [one.letter for one in (*FIRST, *BEHIND)]
    assert len({*letters, "m", "g", "j", "k"}) == len(letters) + 4
    text = served.get("/more").text
    assert "<kbd>g</kbd> <kbd>s</kbd></dt><dd>Signals</dd>" in text


@pytest.mark.parametrize(
    ("path", "current"), [("/", "/"), ("/score/2022-W03", "/score"), ("/health", "/health")]
)
def test_the_page_one_is_on_is_marked(served: Served, path: str, current: str) -> None:
    marked = re.findall(r'href="([^"]+)" aria-current="page"', served.get(path).text)
    assert marked == [current]


def test_the_pages_of_the_api_show_every_call_and_every_shape(served: Served) -> None:
    document = described()
    text, shapes = served.get("/api").text, served.get("/api/shapes").text
    for path, calls in document["paths"].items():
        assert all(f"<code>{method.upper()} {path}</code>" in text for method in calls)
    shown = set(re.findall(r'id="(shape-[^"]+)"', shapes))
    assert {f"shape-{name}" for name in document["components"]["schemas"]} == shown
    for page, path in ((text, "/api"), (shapes, "/api/shapes")):
        assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
        assert set(re.findall(r'href="/api/shapes#([^"]+)"', page)) <= shown, path
