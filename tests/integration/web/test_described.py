"""What the API's description promises is asked of it, with whatever schemathesis thinks up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.attack.effort import TIMES
from tests.support.book import Book
from tests.support.served import Served
from web.api.openapi import described

CHECKS: list[Any] = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
#: Never ends; takes a second of a core each time. Their own tests ask them.
LEFT_OUT = ["/api/events", "/api/replay/events", "/api/scorecards/{week}.png", "/api/scorecards/{week}.pdf"]


DESCRIBED = schemathesis.openapi.from_dict(described()).exclude(path=LEFT_OUT)


@pytest.fixture
def signal_id(book: Book) -> str:
    """Something to be found."""
    made = book.signal(0.82, layers={"smc": {"match": True, "weight": 0.2}})
    book.close(made, 1.65)
    return made


@pytest.fixture
def line() -> Iterator[requests.Session]:
    """One connection for all examples of a test, made without a look at the machine's proxies."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@DESCRIBED.parametrize()
@settings(max_examples=6 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_described(
    case: Any, served: Served, signal_id: str, line: requests.Session
) -> None:
    case.call_and_validate(base_url=served.address, checks=CHECKS, session=line)


def test_a_signal_that_is_there_is_as_described(served: Served, signal_id: str) -> None:
    case = DESCRIBED["/api/signals/{signal_id}"]["GET"].Case(path_parameters={"signal_id": signal_id})
    case.call_and_validate(base_url=served.address, checks=CHECKS)
