"""Errors told as problems: which answers become one, and what it says."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.http.problems import may_be_told, problem_body, title_of
from signaltape.http.retelling import detail_in, may_be_anew, retold


@given(st.integers(100, 599), st.text(), st.text(max_size=3000) | st.just("/\udcff"))
def test_it_is_json_of_a_bounded_size_whatever_was_asked_for(status: int, detail: str, path: str) -> None:
    body = problem_body(status, detail.encode("utf-8", "replace").decode(), path=path, request_id=None)
    fields = json.loads(body)
    assert fields["status"] == status
    assert fields["instance"].isascii()
    assert len(fields["instance"]) <= 200 * 12
    assert fields["detail"]


def test_an_unknown_status_has_its_number_for_a_title() -> None:
    assert title_of(599) == "Status 599"


@pytest.mark.parametrize(
    ("status", "kind", "accept", "told"),
    [
        (404, "text/html; charset=utf-8", None, True),
        (404, "text/plain", "*/*", True),
        (500, "", "application/json", True),
        (404, "text/html", "text/html,*/*;q=0.8", False),
        (404, "application/problem+json", None, False),
        (404, "application/json", None, False),
        (302, "text/html", None, False),
        (200, "text/plain", None, False),
    ],
)
def test_only_errors_in_a_frameworks_words_become_one(
    status: int, kind: str, accept: str | None, told: bool
) -> None:
    assert may_be_told(status, kind, accept) is told


@pytest.mark.parametrize(
    ("kind", "body", "detail"),
    [
        (b"application/json", b'{"detail":"Not Found"}', "Not Found"),
        (b"application/json", b'{"detail":[{"loc":["x"]}]}', None),
        (b"application/json", b'{"detail":"x","more":1}', None),
        (b"application/json", b'{"error":"x"}', None),
        (b"application/json", b"\xff", None),
        (b"application/json", b"", None),
        (b"text/plain; charset=utf-8", b"no such plan", "no such plan"),
        (b"text/plain", b"Traceback\n  File", ""),
        (b"text/plain", b"x" * 301, ""),
        (b"text/html", b"<h1>Not Found</h1>", ""),
        (b"text/html", b"x" * 5000, None),
    ],
)
def test_what_a_body_says(kind: bytes, body: bytes, detail: str | None) -> None:
    assert detail_in([(b"content-type", kind)], body) == detail


def test_what_is_packed_stays() -> None:
    assert not may_be_anew(404, [(b"content-type", b"text/plain"), (b"content-encoding", b"gzip")], None)


def test_headers_that_say_more_stay() -> None:
    given = [(b"Allow", b"GET"), (b"Content-Type", b"text/plain"), (b"content-length", b"9")]
    assert retold(given, b"{}") == [
        (b"Allow", b"GET"),
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"2"),
    ]


def test_a_problem_of_a_request_names_it() -> None:
    body = problem_body(404, path="/a b\r\n", request_id="r1")
    assert msgspec.json.decode(body)["request_id"] == "r1"
    assert msgspec.json.decode(body)["instance"] == "/a%20b%0D%0A"
