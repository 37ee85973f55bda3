"""What the API's description promises is asked of it, with whatever schemathesis thinks up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.support.book import Book
from tests.support.served import Served
from web.api.openapi import described

pytestmark = pytest.mark.deep

#: Never ends; takes a second of a core each time. Their own tests ask them.
LEFT_OUT = ["/api/events", "/api/replay/events", "/api/scorecards/{week}.png", "/api/scorecards/{week}.pdf"]
OPERATIONS = [
    (method.upper(), path)
    for path, methods in described()["paths"].items()
    if path not in LEFT_OUT
    for method in methods
]


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


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_one_that_is_described(
    method: str, path: str, served: Served, signal_id: str, line: requests.Session
) -> None:
    from tests.support.described import asked

    asked(method, path, served.address, line)()


def test_a_signal_that_is_there_is_as_described(served: Served, signal_id: str) -> None:
    from tests.support.described import ask

    ask(served.address, "GET", "/api/signals/{signal_id}", signal_id=signal_id)
